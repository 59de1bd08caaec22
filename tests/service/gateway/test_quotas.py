"""Quotas as a caller meets them, floods over real sockets, and calls that need a log that is away."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from shared.protocol import jose
from shared.protocol.digests import content_digest, sha256
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World, wait_until
from tests.service.gateway.echo import Echo, echo_app
from tests.service.gateway.federation import Node, gateway
from tests.service.gateway.refusing import told_in_all
from tests.service.gateway.sockets import listening, serving

QUOTAS = {"rate_tokens": 4, "rate_failures": 3, "rate_calls": 4, "rate_open": 3}
ITEMS = "/v1/packages/a/items"
TOO_MANY = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture(scope="module")
def echo() -> Echo:
    return Echo()


@contextmanager
def copied(world: World, echo: Echo, folder: Path) -> Iterator[Node]:
    """QM over again, with small quotas, and a database and services of its own."""
    shutil.copytree(world.qm.folder, folder, ignore=shutil.ignore_patterns("*sqlite*"))
    bound, port = listening()
    with serving(echo_app(echo), bound):
        yield replace(
            world.qm,
            folder=folder,
            public=listening(),
            internal=listening(),
            rates=QUOTAS,
            upstreams=dict.fromkeys(("exchange", "audit"), f"http://127.0.0.1:{port}"),
        )


@pytest.fixture(scope="module")
def strict(world: World, echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("strict") / "QM"
    with copied(world, echo, folder) as node, gateway(node, world.federation):
        yield node


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_65_who_fails_too_often_waits_and_nobody_is_locked_out(strict: Node) -> None:
    thief, owner = Caller(strict, "receiver", key=jose.generate()), Caller(strict, "receiver")
    answers = [thief.ask() for _ in range(5)]
    assert statuses(answers) == [401, 401, 401, 429, 429]
    assert answers[-1].json()["error"] == "quota_exceeded"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["ratelimit-policy"] == '"failures";q=3;w=60'
    assert owner.ask().status_code == 200  # from the same address, by the name that was claimed


def test_65_a_client_has_so_many_tokens_a_minute(strict: Node) -> None:
    caller = Caller(strict, "oversight")
    answers = [caller.ask() for _ in range(5)]
    assert statuses(answers) == [200, 200, 200, 200, 429]
    assert answers[-1].headers["ratelimit"].startswith('"tokens";r=0;t=')
    assert Caller(strict, "protection").ask().status_code == 200


def test_65_taking_tokens_back_counts_as_asking_for_them(strict: Node) -> None:
    caller = Caller(strict, "registrar")
    forms = [caller.form(token="unknown") for _ in range(5)]
    answers = [caller.http.post("/oauth/revoke", data=form) for form in forms]
    assert statuses(answers) == [200, 200, 200, 200, 429]
    assert caller.ask().status_code == 429


def test_65_who_replays_an_assertion_uses_up_nobodys_quota(strict: Node) -> None:
    owner, thief = Caller(strict, "ops"), Caller(strict, "ops")
    form = owner.form()
    assert owner.ask(form).status_code == 200
    assert set(statuses([thief.ask(form) for _ in range(6)])) <= {401, 429}
    assert statuses([owner.ask() for _ in range(4)]) == [200, 200, 200, 429]


def test_65_every_call_is_told_what_is_left(strict: Node) -> None:
    caller = Caller(strict, "approver")
    answers = [caller.call("GET", "/v1/packages") for _ in range(5)]
    assert statuses(answers) == [200, 200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == [
        *("r=3", "r=2", "r=1", "r=0", "r=0")
    ]
    problem = answers[-1].json()
    assert (problem["type"], problem["code"]) == (TOO_MANY, "quota_exceeded")
    assert problem["violated-policies"] == ["calls"]
    assert int(answers[-1].headers["retry-after"]) <= 60
    content = Caller(strict, "preparer").call("GET", f"{ITEMS}/b/segments")
    assert content.headers["ratelimit-policy"].startswith('"content";')  # it is counted apart


def test_65_open_addresses_have_a_quota_by_address(strict: Node) -> None:
    http = Caller(strict, "preparer").http
    answers = [http.get("/.well-known/jwks.json") for _ in range(4)]
    assert statuses(answers) == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"open";q=3;w=60'
    assert http.get("/log/checkpoint").status_code == 200


def _bad(node: Node, number: int) -> int:
    """Make one of five kinds of bad calls."""
    http = Caller(node, "preparer").http
    match number % 5:
        case 0:
            claimed = f"urn:rogatory:QM:n{number % 100}"
            return Caller(node, "preparer", claimed=claimed).ask().status_code
        case 1:
            sent = {"Authorization": "DPoP x.y.z", "X-Forwarded-For": f"192.0.2.{number % 250}"}
            return http.get("/v1/requests", headers=sent).status_code
        case 2:
            return http.get(f"/nothing/{number}").status_code
        case 3:
            return http.get("/v1/requests%2f").status_code
        case _:
            return http.post("/oauth/token", content=b"x" * 20_000).status_code


@pytest.mark.parametrize(
    "number",
    [pytest.param(100, id="hundred"), pytest.param(1000, marks=pytest.mark.soak, id="thousand")],
)
def test_66_a_thousand_bad_calls_are_twenty_events_at_most(
    world: World, tmp_path: Path, number: int
) -> None:
    own = Echo()
    with (
        copied(world, own, tmp_path / "QM") as node,
        gateway(node, world.federation),
        ThreadPoolExecutor(4) as pool,
    ):
        answers = list(pool.map(lambda each: _bad(node, each), range(number)))
    assert set(answers) <= {400, 401, 404, 413, 429}
    told = told_in_all(node.folder, own.events)
    assert len(told) <= 20
    assert sum(event["count"] for event in told) == number


def test_67_what_needs_the_log_waits_for_it(strict: Node, echo: Echo) -> None:
    preparer, receiver = Caller(strict, "preparer"), Caller(strict, "receiver")

    def upload() -> httpx.Response:
        digest = {"Content-Digest": content_digest(sha256(b"x"))}
        return preparer.call("PUT", f"{ITEMS}/b/segments/0", content=b"x", headers=digest)

    echo.audit_status = 503
    answer = upload()
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert preparer.call("POST", "/v1/packages", json={}).status_code == 503
    assert receiver.call("GET", f"{ITEMS}/b/segments/0").status_code == 503
    assert receiver.call("GET", "/v1/inbox").status_code == 200  # other reads go on
    assert echo.calls[-1]["path"] == "/v1/inbox"
    echo.audit_status = 200
    wait_until(lambda: upload().status_code == 200)


def test_a_refusal_inside_is_recorded(strict: Node, echo: Echo) -> None:
    assert Caller(strict, "preparer").call("GET", "/v1/requests/a").status_code == 409
    wait_until(lambda: any(event.get("reason") == "wrong-state" for event in echo.events))
    (told,) = (event for event in echo.events if event.get("reason") == "wrong-state")
    assert told["personal"]["client"] == "urn:rogatory:QM:preparer"
    assert told["personal"]["officer"] == "QM-preparer"
    assert told["count"] == 1
