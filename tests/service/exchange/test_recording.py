"""What happened reaches the log, in order, whatever audit answers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.exchange import correspondence
from services.exchange.recording import MAX_BATCH, Recorder
from services.exchange.store import entries, events
from shared.protocol import canonical
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from tests.service.exchange.node import Node, outbox
from tests.simulator import LOSE_ANSWER, LOSE_REQUEST, Answered, FaultyTransport

SHORT = timedelta(seconds=40)


class Audit:
    """Takes events as audit does: the same again gets the same answer."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.batches: list[int] = []
        self.refuse: set[str] = set()
        self.blocked: set[str] = set()  # transfers, while nobody witnesses the log

    def __call__(self, _method: str, _path: str, _headers: Any, body: bytes) -> Answered:  # noqa: ANN401
        value: Any = canonical.read(body, max_size=2**22)
        ids = [event["event_id"] for event in value["events"]]
        self.batches.append(len(body))
        for refused in self.refuse & set(ids):
            problem: dict[str, Any] = {"code": "event_conflict", "event_id": refused}
            return answer(409, problem)
        blocked = [one for one in ids if one in self.blocked]
        if blocked == ids:
            return answer(503, {"code": "log_unwitnessed"})
        self.taken += [one for one in ids if one not in [*self.taken, *blocked]]
        told: dict[str, Any] = {
            "results": [
                {"event_id": one, "index": self.taken.index(one), "leaf": "AA", "proof": "a proof"}
                for one in ids
                if one in self.taken
            ]
        }
        refused_now = [{"event_id": one, "code": "log_unwitnessed"} for one in blocked]
        return answer(200, told | ({"refused": refused_now} if refused_now else {}))


def answer(status: int, value: Any) -> Answered:  # noqa: ANN401
    return Answered(status=status, headers={}, content=canonical.encode(value))


@pytest.fixture
def audit() -> Audit:
    return Audit()


@pytest.fixture
def wire(audit: Audit) -> FaultyTransport:
    return FaultyTransport(audit)


@pytest.fixture
def recorder(qm: Node, wire: FaultyTransport) -> Iterator[Recorder]:
    client = httpx.Client(transport=wire, base_url="http://audit")
    made = Recorder(database=qm.parts.database, audit=client, clock=qm.clock)
    made.begin()
    yield made
    client.close()


def happen(node: Node, number: int, size: int = 10) -> list[str]:
    """Let things happen; return the ids of their events, in order."""
    before = {str(event["event_id"]) for event in outbox(node)}
    with node.parts.database.begin() as db:
        for _ in range(number):
            correspondence.record(
                db, "audit.exported", case_id=None, personal={"who": "x" * size}, now=node.clock()
            )
    return [str(e["event_id"]) for e in outbox(node) if str(e["event_id"]) not in before]


def test_events_go_in_order_and_are_forgotten(qm: Node, recorder: Recorder, audit: Audit) -> None:
    ids = happen(qm, 100)
    while recorder.work():
        pass
    assert audit.taken == ids
    assert len(audit.batches) == 2
    assert outbox(qm) == []
    with qm.parts.database.read() as db:
        assert events.backlog(db) == (0, None)
        kept = db.connection().exec_driver_sql("SELECT DISTINCT payload FROM event").all()
    assert kept == [(b"",)]  # what it told of people is no longer here


def test_a_batch_fits_into_one_call(qm: Node, recorder: Recorder, audit: Audit) -> None:
    ids = happen(qm, 5, size=MAX_BATCH // 3)
    happen(qm, 1, size=MAX_BATCH + 10)
    while recorder.work():
        pass
    assert len(audit.batches) == 4
    assert audit.taken[:5] == ids


@pytest.mark.parametrize(
    "fault",
    [
        LOSE_REQUEST,
        LOSE_ANSWER,
        lambda _: answer(503, {"code": "log_stopped"}),
        lambda _: answer(429, {"code": "slow_down"}),
        lambda _: answer(200, {"results": [{"event_id": 1}]}),
        lambda _: Answered(status=502, headers={}, content=b"<html>"),
        lambda _: Answered(status=200, headers={}, content=b"<html>"),
    ],
    ids=["request lost", "answer lost", "stopped", "too fast", "garbage", "proxy", "a page"],
)
def test_audit_that_is_away_is_asked_again(
    qm: Node,
    recorder: Recorder,
    wire: FaultyTransport,
    audit: Audit,
    fault: Any,  # noqa: ANN401
) -> None:
    ids = happen(qm, 3)
    wire.plan = [fault]
    assert not recorder.work()
    assert not recorder.work()  # not at once
    qm.clock.advance(SHORT)
    assert recorder.work()
    assert audit.taken == ids
    with qm.parts.database.read() as db:
        assert events.backlog(db)[0] == 0


def test_what_is_refused_by_name_holds_nobody_up_and_is_never_dropped(
    qm: Node, recorder: Recorder, audit: Audit
) -> None:
    ids = happen(qm, 3)
    audit.refuse = {ids[1]}
    while recorder.work():
        pass
    assert audit.taken == [ids[0], ids[2]]
    with qm.parts.database.read() as db:
        assert events.backlog(db) == (1, qm.clock())
    audit.refuse.clear()
    qm.clock.advance(SHORT)
    while recorder.work():
        pass
    assert audit.taken == [ids[0], ids[2], ids[1]]


@pytest.mark.parametrize("problem", [{"code": "malformed"}, []], ids=["none named", "no problem"])
def test_what_is_refused_without_a_name_is_found_one_by_one(
    qm: Node,
    recorder: Recorder,
    wire: FaultyTransport,
    audit: Audit,
    problem: Any,  # noqa: ANN401
) -> None:
    ids = happen(qm, 3)
    refusal = answer(400, problem)
    wire.plan = [lambda _: refusal, None, lambda _: refusal, None]
    assert recorder.work()
    assert [event["event_id"] for event in outbox(qm)] == []
    with qm.parts.database.read() as db:
        assert events.backlog(db)[0] == 1
    qm.clock.advance(SHORT)
    assert [event["event_id"] for event in outbox(qm)] == [ids[1]]
    assert recorder.work()
    assert set(audit.taken) == set(ids)


def test_an_answer_that_lacks_an_event_leaves_it_in_the_outbox(
    qm: Node, recorder: Recorder, wire: FaultyTransport
) -> None:
    ids = happen(qm, 2)
    row = {"event_id": ids[0], "index": 0, "leaf": "AA", "proof": "p"}
    wire.plan = [lambda _: answer(200, {"results": [row]})]
    assert not recorder.work()
    assert [event["event_id"] for event in outbox(qm)] == [ids[1]]


def write(node: Node, number: int) -> None:
    """Write entries, whose events are transfers."""
    for n in range(number):
        letter = correspondence.Letter(
            type=EntryType.SELFTEST,
            recipient=Country("QN"),
            request_id=None,
            transfer_id=None,
            body={"nonce": f"{n:032x}"},
        )
        with node.parts.database.begin() as db:
            correspondence.append(db, letter, keyring=node.parts.keyring, now=node.clock())


def intents(node: Node) -> set[str]:
    return {str(e["event_id"]) for e in outbox(node) if e["type"] == "transfer.intent"}


@pytest.mark.parametrize("mixed", [True, False], ids=["with others", "alone"])
def test_transfers_that_an_unwitnessed_log_may_not_take_hold_nothing_else_up(
    qm: Node, recorder: Recorder, audit: Audit, *, mixed: bool
) -> None:
    write(qm, 3)
    transfers = intents(qm)
    audit.blocked = set(transfers)
    others = happen(qm, 70) if mixed else []
    while recorder.work():
        pass
    assert audit.taken == others
    assert outbox(qm) == []  # not at once
    audit.blocked.clear()
    qm.clock.advance(SHORT)
    while recorder.work():
        pass
    assert set(audit.taken) == {*others, *transfers}
    with qm.parts.database.read() as db:
        assert events.backlog(db)[0] == 0
        states = [(entry.seq, entry.state, entry.log_index) for entry in entries.walk(db, "QM>QN")]
    assert states == [(n, "LOGGED", n + len(others)) for n in range(4)]  # in their order


def test_a_refusal_in_another_form_is_none(
    qm: Node, recorder: Recorder, wire: FaultyTransport
) -> None:
    (event_id,) = happen(qm, 1)
    row = {"event_id": event_id, "code": "no_reason"}
    wire.plan = [lambda _: answer(200, {"results": [], "refused": [row]})]
    assert not recorder.work()
    qm.clock.advance(SHORT)
    assert [event["event_id"] for event in outbox(qm)] == [event_id]
