"""What an act of the other country does here: the same machine, over the entry that tells of it.

So both hold the same states. An act that is not open here is refused, and its receipt says so; where both
do the same act and yet the states differ, that is a disagreement: put on record and named, no failure.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from services.exchange import (
    acting,
    arrivals,
    casework,
    challenged,
    consequences,
    extending,
    preserving,
    supplemented,
    telling,
    timing,
    unanswered,
    urgency,
    urgent,
)
from services.exchange.acts import deciding
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.states import Direction, advance
from services.exchange.store import Session, requests
from services.exchange.telling import Told
from shared.protocol.entries import EntryType
from shared.protocol.law import lifecycle
from shared.protocol.law.lifecycle import Act
from shared.protocol.legalacts import ActBody, NoticeBody


def take(db: Session, arrived: Arrived, bench: Bench) -> None:
    """Do here what the entry says was done there.

    Raises:
        ContentRefusedError: it is about no request between the two, or not for that country to do.
        WrongStateError: the act is not open here.
    """
    body, told = telling.read(arrived.entry.type, arrived.entry.body)
    if body.request_id is None:
        raise ContentRefusedError("no_request", "An act is about a request.")
    request = arrivals.common_request(db, arrived, body.request_id)
    before = request
    if told.act is not None:
        _check_theirs(request, told.act)
        request = _move(db, request, told, arrived)
        timing.on_act(
            db,
            before,
            request,
            told.act,
            at=_at(arrived),
            directory=bench.directory,
            country=bench.keyring.country,
            stated=timing.stated_by(body),
        )
    for effect in EFFECTS.get(arrived.entry.type, ()):
        effect(db, arrived, before, bench)
    _record(db, before, request, told, arrived)
    _compare(db, request, body, arrived)


def receipted(
    db: Session, request_id: str, act: Act, event: str, arrived: Arrived, bench: Bench
) -> None:
    """Move our request as the peer's receipt of it says: it is there, or was not taken (T06, T07)."""
    before = requests.find(db, request_id)
    after = _move(db, before, Told(act=act), arrived)
    timing.on_act(
        db,
        before,
        after,
        act,
        at=_at(arrived),
        directory=bench.directory,
        country=bench.keyring.country,
    )
    casework.record(db, event, after, arrived.actor)


def answered(
    db: Session, request: Request, measures: Sequence[str], arrived: Arrived, bench: Bench
) -> None:
    """Move the measures that a package of the peer answers (T21)."""
    after = _move(db, request, Told(act=Act.FULFIL_IN_PART, measures=measures), arrived)
    told = Told(act=Act.FULFIL_IN_PART)
    timing.on_act(
        db,
        request,
        after,
        Act.FULFIL_IN_PART,
        at=_at(arrived),
        directory=bench.directory,
        country=bench.keyring.country,
    )
    urgent.disclosed(db, request, bench=bench, at=_at(arrived))
    _record(db, request, after, told, arrived)


def contradicted(db: Session, request_id: str, reason: str, arrived: Arrived) -> None:
    """Note that the peer did not take an act of ours: the two hold different states from here on."""
    request = requests.find(db, request_id)
    requests.disagree(db, request_id, f"{arrived.entry.sender} did not take an act: {reason}")
    casework.record(db, "state.disagreement", request, arrived.actor, count=1)


def _at(arrived: Arrived) -> datetime:
    return datetime.fromtimestamp(arrived.entry.iat, UTC)


Effect = Callable[[Session, Arrived, Request, Bench], None]
# What an entry does beside moving the request: registered by the modules that know (`effects`).
EFFECTS: dict[EntryType, list[Effect]] = {
    EntryType.NOTICE: [
        urgency.taken,
        extending.taken,
        unanswered.taken,
        challenged.waived,
        consequences.of_notice,
    ],
    EntryType.ANSWER: [supplemented.taken],
    EntryType.CONDITIONS: [consequences.of_conditions],
    EntryType.DECISION: [consequences.of_decision],
    EntryType.WITHDRAWAL: [consequences.of_withdrawal],
    EntryType.CHALLENGE: [challenged.taken],
    EntryType.PRESERVATION: [preserving.taken],
}


_CONSULTING = frozenset({Act.PROPOSE, Act.REOPEN})


def _move(db: Session, request: Request, told: Told, arrived: Arrived) -> Request:
    assert told.act is not None
    measures = acting.concerned(request, told.act, told.measures)
    states = {each.measure_id: each.state for each in request.measures}
    moved = {each: advance(states[each], told.act) for each in measures}
    requests.move(db, request, moved, arrived.actor)
    if told.act in _CONSULTING:
        consulted = arrived.at if told.act is Act.PROPOSE else None
        requests.consulted(db, request.id, measures, consulted)
    return requests.find(db, request.id)


def _check_theirs(request: Request, act: Act) -> None:
    """Check that the act is one of the side of the border that the peer is on."""
    # What time alone brings about (T28) is told by the requesting country: nobody else ends its request.
    sides = {role.value[:2] for role in lifecycle.transition(act).roles} & {"RQ", "RD"} or {"RQ"}
    theirs = "RD" if request.direction is Direction.OUT else "RQ"
    if theirs not in sides:
        raise ContentRefusedError("other_side", f"To {act} is for the other country to do.")


def _record(db: Session, before: Request, after: Request, told: Told, arrived: Arrived) -> None:
    """Record what arrived, and which state each measure reached: both logs tell the same."""
    for event in told.events:
        casework.record(
            db, event.type, after, arrived.actor, reason=event.reason, count=event.count
        )
    known = {each.measure_id: each.state for each in before.measures}
    moved = [e.measure_id for e in after.measures if known[e.measure_id] is not e.state]
    if told.act in _DECIDING:
        for event in deciding.reached_by(after, moved):
            casework.record(
                db, event.type, after, arrived.actor, reason=event.reason, count=event.count
            )


_DECIDING = frozenset(
    {Act.ACCEPT, Act.REFUSE, Act.POSTPONE, Act.RESUME, Act.EXECUTE, Act.FULFIL, Act.WITHDRAW}
    | {Act.FULFIL_IN_PART, Act.SUSPEND, Act.LIFT, Act.UPHOLD, Act.LAPSE}
)


def _compare(db: Session, request: Request, body: ActBody | NoticeBody, arrived: Arrived) -> None:
    ours = {each.measure_id: str(each.state) for each in request.measures}
    theirs = {each.measure_id: each.state for each in body.states}
    differ = sorted(each for each in theirs if theirs[each] != ours.get(each))
    said = None
    if differ:
        said = "; ".join(
            f"{arrived.entry.sender} holds {each} in {theirs[each]}, here it is in {ours.get(each)}"
            for each in differ
        )
        casework.record(db, "state.disagreement", request, arrived.actor, count=len(differ))
    if body.states:
        requests.disagree(db, request.id, said)
