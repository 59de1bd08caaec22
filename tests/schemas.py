"""Call all that an OpenAPI document tells of, with bodies made from its schemas, right and wrong ones."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests import PreparedRequest, Request, Session
from schemathesis import APIOperation, Case, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.runtime import inside
from tests.asserting import Asserting

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Of the connection, or made anew for each call.
OURS = {"content-length", "authorization", "dpop", "user-agent", "accept-encoding", "connection"}
BASE = "https://node.example"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call: `path` with the query; `scopes`: with one of which it may be made, if any is needed."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    scopes: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class Findings:
    """How often each status came, by address; and what is not as the document says."""

    statuses: Counter[int] = field(default_factory=Counter)
    flaws: dict[str, str] = field(default_factory=dict)


def probe(
    document: dict[str, Any],
    call: Callable[[Asked], Said],
    *,
    examples: int,
    modes: Sequence[GenerationMode] = tuple(GenerationMode),
    wanted: Callable[[str], bool] = lambda _line: True,
) -> Findings:
    """Make so many calls to every address that is wanted (`GET /path`), right and wrong ones."""
    findings = Findings()
    for result in openapi.from_dict(document).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if not wanted(operation.label):
            continue
        for mode in modes:
            _run(operation, document, call, findings, mode, examples)
    return findings


def _run(
    operation: APIOperation[Any, Any, Any, Any],
    document: dict[str, Any],
    call: Callable[[Asked], Said],
    findings: Findings,
    mode: GenerationMode,
    examples: int,
) -> None:
    told = document["paths"][operation.path][operation.method]
    scopes = {name for each in told.get("security", []) for name in each.get("oauth", [])}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Case[Any]) -> None:
        prepared = _prepared(case)
        said = call(_asked(prepared, frozenset(scopes)))
        findings.statuses[said.status] += 1
        response = Response(
            status_code=said.status,
            headers={name.lower(): [value] for name, value in said.headers.items()},
            content=said.content,
            request=prepared,
            elapsed=0,
            verify=False,
        )
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseException as error:  # noqa: BLE001 - a group of failures, which is none of Exception
            findings.flaws.setdefault(f"{operation.label} {said.status}", str(error))

    # Where nothing is asked for, nothing can be wrong.
    with suppress(*[Unsatisfiable] * (mode is GenerationMode.NEGATIVE)):
        run()


def _prepared(case: Case[Any]) -> PreparedRequest:
    known = ("method", "url", "headers", "params", "json", "data", "cookies")
    made = case.as_transport_kwargs(base_url=BASE)
    request = Request(**{name: value for name, value in made.items() if name in known})
    return Session().prepare_request(request)


def _asked(prepared: PreparedRequest, scopes: frozenset[str]) -> Asked:
    body = prepared.body
    assert body is None or isinstance(body, str | bytes)
    headers = {name: str(value) for name, value in prepared.headers.items()}
    return Asked(
        method=str(prepared.method),
        path=prepared.path_url,
        headers={name: value for name, value in headers.items() if name.lower() not in OURS},
        body=body.encode() if isinstance(body, str) else body,
        scopes=scopes,
    )


def ask_inside(
    asked: Asked, service: str, client: TestClient, auth: Callable[[str], Asserting]
) -> Said:
    """Make a call inside a node, as the service that may make it (`auth` asserts for one)."""
    door = inside.find(service, asked.method, asked.path.partition("?")[0])
    able = door.callers if door else {"gateway"}
    caller = "gateway" if "gateway" in able else min(able)
    answer = client.request(
        asked.method, asked.path, headers=asked.headers, content=asked.body, auth=auth(caller)
    )
    return Said(status=answer.status_code, headers=dict(answer.headers), content=answer.content)
