"""Use cases: the duty officer calls back; a judge or prosecutor validates; time runs out without it (T28)."""

from datetime import UTC, datetime
from typing import Final

from services.exchange import acting, approving, casework, keeping, urgent
from services.exchange.acts import deciding
from services.exchange.acts.emergencies import CallingBack, Validating
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.clockwork import Clock
from services.exchange.records import Request
from services.exchange.remedyrecords import Emergency
from services.exchange.signed import Signed
from services.exchange.states import Actor, Direction, advance
from services.exchange.store import Session, emergencies, requests
from shared.protocol.approvals import COURT_RECORD, DUTY_RECORD
from shared.protocol.entries import EntryType
from shared.protocol.law import lifecycle
from shared.protocol.law.emergency import EmergencyStep
from shared.protocol.law.lifecycle import Act
from shared.protocol.legalacts import MeasureState, NoticeBody, WithdrawalBody
from shared.runtime.refusals import Conflict, Unprocessable

VALIDATION: Final = "validation"  # the kind of notice
REFUSED = "WD-04"  # validation refused, or not granted in time
WATCH = "clocks"


def call_back(
    request_id: str, signed: Signed[CallingBack], *, bench: Bench, actor: Actor
) -> Emergency:
    """Record that the other country's duty desk was called back, and whether it confirmed.

    Raises:
        NotFound: there is no such request.
        Conflict: it is no emergency, or is not ours to act on.
        NotAllowed, Unprocessable: the signature is refused, or another number was called.
    """
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        approval = approving.check_statement(
            signed, "call-back", DUTY_RECORD, request, officers=bench.officers, now=actor.at
        )
        said = signed.statement
        wanted = urgent.number(request, bench.directory)
        if wanted is None or said.number != wanted:
            raise Unprocessable(
                "other_number",
                "The number in the directory is called back, not the one in the message.",
                rule=urgent.RULE,
                next_step=f"Call {wanted}." if wanted else "The directory has no number: ask it.",
            )
        what = EmergencyStep.CONFIRM if said.confirmed else EmergencyStep.MISS
        called = {"called_at": actor.at if said.confirmed else None, "number": said.number}
        after = urgent.step(db, request, what, actor, called_by=approval.officer, **called)
        event = "emergency.callback_ok" if said.confirmed else "emergency.callback_failed"
        casework.record(db, event, request, actor, approved_by=approval.officer)
        # Commit point: before it nobody has called; after it gate G20 knows what was said.
        return after


def validate(
    request_id: str, signed: Signed[Validating], *, bench: Bench, actor: Actor
) -> Emergency:
    """Record that a judge or prosecutor of ours validated a request that was sent before, or did not.

    Raises:
        NotFound, Conflict, NotAllowed, Unprocessable: as `call_back`.
    """
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.OUT)
        approval = approving.check_statement(
            signed, "validation", COURT_RECORD, request, officers=bench.officers, now=actor.at
        )
        said = signed.statement
        after = _validated(db, request, granted=said.granted, bench=bench, actor=actor)
        body = NoticeBody(
            kind=VALIDATION,
            request_id=request.id,
            details={"granted": said.granted, "authority": said.authority},
            text=said.text,
            approval=approval.reference(),
        )
        casework.post(db, EntryType.NOTICE, request, body, keyring=bench.keyring, actor=actor)
        # Commit point: before it the 48 hours run; after it both countries know what the judge said.
        return after


def taken(db: Session, arrived: Arrived, request: Request, bench: Bench) -> None:
    """Take what the other country's judge said of its request."""
    body = NoticeBody.read(arrived.entry.body)
    if body.kind != VALIDATION:
        return
    if request.direction is not Direction.IN:
        raise ContentRefusedError("other_side", "A validation is the requesting country's.")
    at = datetime.fromtimestamp(arrived.entry.iat, UTC)
    actor = Actor(client_id=arrived.entry.sender, at=at)
    _validated(db, request, granted=body.details.get("granted") is True, bench=bench, actor=actor)


def run_out(clock: Clock, *, bench: Bench, at: datetime) -> None:
    """End a request that nobody validated in time, and have deleted what was sent (T28; EER 4(5)).

    Raises:
        Conflict: somebody acts on the request at the same moment, or the channel is frozen.
    """
    actor = Actor(client_id=WATCH, at=at)
    with bench.database.begin() as db:
        request = requests.find(db, clock.request_id)
        sources = lifecycle.transition(Act.LAPSE).sources
        open_ = [each for each in request.measures if each.state in sources]
        known = emergencies.look_for(db, request.id)
        if request.direction is not Direction.OUT or not open_ or known is None:
            return
        moved = {each.measure_id: advance(each.state, Act.LAPSE) for each in open_}
        requests.move(db, request, moved, actor)
        states = acting.states_after(request, moved)
        acting.wind(db, request, Act.LAPSE, bench=bench, at=at)
        casework.record(db, "request.validation_expired", request, actor)
        casework.record(db, "request.lapsed", request, actor)
        for event in deciding.reached_by(requests.find(db, request.id), list(moved)):
            casework.record(db, event.type, request, actor, reason=event.reason, count=event.count)
        if request.entry is not None:
            body = WithdrawalBody(
                request_id=request.id,
                states=tuple(MeasureState(measure_id=m, state=s) for m, s in states.items()),
                kind="lapsed",
                codes=(REFUSED,),
                reasons="It was not validated in time.",
                data="delete",
            )
            casework.post(
                db, EntryType.WITHDRAWAL, request, body, keyring=bench.keyring, actor=actor
            )
        keeping.end(db, request, "delete", "lapsed", actor=actor)
        # Commit point: before it the request stands and the watch calls again; after it it has lapsed,
        # the other country hears of it, and what was received is deleted.


def view(request_id: str, *, bench: Bench) -> tuple[Emergency, str | None]:
    """Return how an emergency stands, and which number is to be called back.

    Raises:
        NotFound: there is no such request.
        Conflict: it is no emergency.
    """
    with bench.database.read() as db:
        request = requests.find(db, request_id)
        known = emergencies.look_for(db, request.id)
    if known is None:
        raise Conflict("no_emergency", "This request is no emergency.", rule=urgent.RULE)
    return known, urgent.number(request, bench.directory)


def _validated(
    db: Session, request: Request, *, granted: bool, bench: Bench, actor: Actor
) -> Emergency:
    if not granted:
        casework.record(db, "emergency.revoked", request, actor, reason="not_validated")
        return urgent.step(db, request, EmergencyStep.REVOKE, actor)
    after = urgent.step(db, request, EmergencyStep.FORMALISE, actor, validated_at=actor.at)
    casework.record(db, "request.validated", request, actor)
    casework.record(db, "emergency.formalised", request, actor)
    urgent.happened(db, request, "validated", bench=bench, at=actor.at)
    return after
