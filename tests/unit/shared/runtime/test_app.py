"""The common shell: health, problems in RFC 9457 form, request ids, body limits."""

import importlib
import pkgutil

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError

import shared.protocol
from shared.protocol.errors import DigestMismatchError, FormatError, GapError, ProtocolError
from shared.runtime.app import JSON_LIMIT, create_app
from shared.runtime.refusals import Conflict, Refusal

router = APIRouter()


class Body(BaseModel):
    number: int


ERRORS: dict[str, Exception] = {
    "conflict": Conflict(
        "taken", "It is taken.", rule="G19", next_step="Choose another.", expected=3, names=["a"]
    ),
    "format": FormatError("no JSON"),
    "gap": GapError("a gap", expected=4),
    "digest": DigestMismatchError("another digest"),
    "unforeseen": RuntimeError("a secret detail"),
    "database": DBAPIError("SELECT secret", None, Exception("no such table")),
    "full": DBAPIError("INSERT secret", None, Exception("database or disk is full")),
}


@router.get("/raise/{name}")
def fail(name: str) -> None:
    raise ERRORS[name]


@router.post("/echo")
def echo(body: Body) -> Body:
    return body


def client(state: str = "ok") -> TestClient:
    app = create_app("test", routers=[router], readiness={"database": state}.copy)
    return TestClient(app, raise_server_exceptions=False)


def test_health_and_readiness() -> None:
    assert client().get("/healthz").json() == {"status": "ok"}
    assert client().get("/readyz").status_code == 200
    assert client("standby").get("/readyz").status_code == 200
    answer = client("away").get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"database": "away"})


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("conflict", 409, "taken"),
        ("format", 400, FormatError.code),
        ("gap", 409, GapError.code),
        ("digest", 422, DigestMismatchError.code),
        ("unforeseen", 500, "internal_error"),
        ("database", 500, "internal_error"),
        ("full", 507, "storage_full"),
    ],
    ids=str,
)
def test_every_error_is_a_problem(name: str, status: int, code: str) -> None:
    answer = client().get(f"/raise/{name}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert "secret" not in answer.text


def test_a_problem_says_the_rule_the_next_step_and_the_facts() -> None:
    problem = client().get("/raise/conflict").json()
    assert problem["type"] == "urn:rogatory:problem:taken"
    assert (problem["rule"], problem["next"]) == ("G19", "Choose another.")
    assert (problem["expected"], problem["names"]) == (3, ["a"])
    assert client().get("/raise/gap").json()["expected"] == 4


def test_the_request_id_stands_in_the_header_and_the_problem() -> None:
    answer = client().get("/raise/conflict")
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert client().get("/healthz").headers["x-request-id"] != answer.headers["x-request-id"]


def test_framework_refusals_are_problems_too() -> None:
    nowhere = client().get("/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    method = client().post("/healthz")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "GET"
    large = client().post(
        "/echo", content=b" " * (JSON_LIMIT + 1), headers={"content-type": "application/json"}
    )
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")


def test_invalid_fields_are_named_and_not_echoed() -> None:
    answer = client().post("/echo", json={"number": "a very private value"})
    assert answer.status_code == 422
    assert "body.number" in answer.json()["detail"]
    assert "private" not in answer.text


def test_no_framework_extras_are_served() -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/healthz/"):
        assert client().get(path).status_code == 404


def test_every_protocol_error_has_a_status() -> None:
    for module in pkgutil.walk_packages(shared.protocol.__path__, "shared.protocol."):
        importlib.import_module(module.name)

    def family(kind: type[ProtocolError]) -> list[type[ProtocolError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in family(child))]

    assert len(family(ProtocolError)) > 10
    assert len({kind.code for kind in family(ProtocolError)}) == len(family(ProtocolError))


def test_every_refusal_has_its_own_status() -> None:
    statuses = [kind.status for kind in Refusal.__subclasses__()]
    assert len(set(statuses)) == len(statuses) > 10
