"""Whether our own log takes transfers is known before anybody tries to send one."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.exchange.log_watch import PACE, LogWatch
from services.exchange.own_log import OwnLog, Standing
from shared.protocol import canonical
from tests.service.exchange.filling import assessed, cleared_package
from tests.service.exchange.node import Clock, Node, accepted_request, draft, outbox, release
from tests.simulator import LOSE_REQUEST, Answered, FaultyTransport

SIZES = dict.fromkeys(("integrated", "signed", "witnessed", "published", "indexed", "stamped"), 3)
GOOD: dict[str, Any] = {
    "alarm": None, "unwitnessed_for": 0, "limit": 14400, "blocked": False, "sizes": SIZES,
}  # fmt: skip
BLOCKED = {**GOOD, "unwitnessed_for": 14401, "blocked": True}
STOPPED = {**GOOD, "alarm": "it was rolled back"}
OK = Standing(alarm=None, unwitnessed_for=0, limit=14400, blocked=False)


class Told:
    """What audit says of itself."""

    def __init__(self) -> None:
        self.status: Any = GOOD

    def __call__(self, method: str, path: str, _headers: Any, _body: bytes) -> Answered:  # noqa: ANN401
        assert (method, path) == ("GET", "/status")
        return Answered(status=200, headers={}, content=canonical.encode(self.status))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def wire(told: Told) -> FaultyTransport:
    return FaultyTransport(told)


@pytest.fixture
def watch(wire: FaultyTransport) -> Iterator[LogWatch]:
    with httpx.Client(transport=wire, base_url="http://audit") as client:
        watch = LogWatch(audit=client, own_log=OwnLog(), clock=Clock())
        watch.begin()
        yield watch


def look(watch: LogWatch) -> str:
    assert isinstance(watch.clock, Clock)
    watch.clock.advance(PACE)
    assert not watch.work()
    return watch.own_log.state


def test_the_log_is_asked_at_once_and_then_at_its_pace(
    watch: LogWatch, wire: FaultyTransport
) -> None:
    assert (watch.own_log.standing, watch.own_log.state) == (None, "ok")
    for _ in range(3):
        watch.work()
    assert len(wire.calls) == 1
    assert watch.own_log.standing == OK
    assert look(watch) == "ok"
    assert len(wire.calls) == 2


def test_what_is_wrong_is_told_to_the_operators_until_it_is_over(
    watch: LogWatch, told: Told
) -> None:
    told.status = BLOCKED
    assert look(watch) == "unwitnessed for 14401 s, more than 14400 s: no transfers"
    told.status = STOPPED
    assert look(watch) == "the log has stopped: it was rolled back"
    told.status = GOOD
    assert look(watch) == "ok"


@pytest.mark.parametrize(
    "fault",
    [
        LOSE_REQUEST,
        lambda _: Answered(status=503, headers={}, content=b"{}"),
        lambda _: Answered(status=200, headers={}, content=b"<html>"),
        lambda _: Answered(status=200, headers={}, content=b'{"alarm":1}'),
    ],
    ids=["away", "broken", "a page", "another form"],
)
def test_while_audit_is_away_the_last_word_stands(
    watch: LogWatch,
    told: Told,
    wire: FaultyTransport,
    fault: Any,  # noqa: ANN401
) -> None:
    told.status = BLOCKED
    said = look(watch)
    told.status, wire.plan = GOOD, [fault]
    assert look(watch) == said
    assert look(watch) == "ok"


@pytest.mark.parametrize(
    ("alarm", "code"), [(None, "log_unwitnessed"), ("it was rolled back", "log_stopped")]
)
def test_no_request_is_sent_and_nothing_released_that_cannot_be_logged(
    qm: Node, qn: Node, alarm: str | None, code: str
) -> None:
    standing = Standing(alarm=alarm, unwitnessed_for=14401, limit=14400, blocked=True)
    qm.parts.own_log.standing = qn.parts.own_log.standing = standing
    made = qm.client("preparer").post("/v1/requests", json=draft()).json()
    path = f"/v1/requests/{made['request_id']}"
    first = qm.approval("preparer", "request.prepare", made)
    assert qm.client("preparer").post(f"{path}/submit", json=first).is_success
    second = qm.approval("approver", "request.approve", made)
    assessed(qm, path.rpartition("/")[2])
    assert qm.client("approver").post(f"{path}/approve", json=second).is_success
    refused = [qm.client("approver").post(f"{path}/send")]
    package_id = cleared_package(qn, {"a.txt": b"a"}, accepted_request(qn))
    refused += [release(qn, package_id)]
    for node, answer in zip((qm, qn), refused, strict=True):
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["gates"]) == (409, code, ["G23"])
        assert problem["next"]
        last = outbox(node)[-1]
        assert (last["type"], last["reason"]) == ("gate.failed", "G23")
    qm.parts.own_log.standing = OK
    assert qm.client("approver").post(f"{path}/send").is_success


def test_readiness_tells_of_it(qm: Node) -> None:
    assert qm.bare_client().get("/readyz").json()["parts"]["log"] == "ok"
    qm.parts.own_log.standing = Standing(alarm=None, unwitnessed_for=99, limit=60, blocked=True)
    answer = qm.bare_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["log"] == "unwitnessed for 99 s, more than 60 s: no transfers"
