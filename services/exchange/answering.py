"""Use cases of the executing country: a peer's request is acknowledged and decided, measure by measure."""

from collections.abc import Sequence

from services.exchange import casework
from services.exchange.drafts import Acceptance, Acknowledgement, RefusalOfRequest
from services.exchange.keyring import Keyring
from services.exchange.records import Request, RequestFile
from services.exchange.states import (
    Actor,
    Direction,
    MeasureState,
    RequestAct,
    advance_measure,
)
from services.exchange.store import Session, requests
from shared.protocol import messages
from shared.protocol.entries import EntryType
from shared.runtime.database import Database
from shared.runtime.refusals import Unprocessable


def acknowledge(
    request_id: str,
    content: Acknowledgement,
    *,
    database: Database,
    keyring: Keyring,
    actor: Actor,
) -> RequestFile:
    """Acknowledge a peer's request, under a reference of one's own (S05 → S06).

    Raises:
        NotFound, WrongStateError: there is no such request, or it was acknowledged.
        Conflict: the channel is frozen.
    """
    with database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        body = messages.AcknowledgementBody(
            request_id=request.id, reference=content.reference, note=content.note
        )
        requests.move(db, request_id, RequestAct.ACKNOWLEDGE, actor)
        casework.post(db, EntryType.ACKNOWLEDGEMENT, request, body, keyring=keyring, actor=actor)
        casework.record(db, "request.acknowledged", request, actor)
        return casework.request_file(db, request_id)


def accept(
    request_id: str,
    content: Acceptance,
    *,
    database: Database,
    keyring: Keyring,
    actor: Actor,
) -> RequestFile:
    """Accept all measures, or some and refuse the others (S06 → S07 → S10 or S11 → S14).

    Raises:
        NotFound, WrongStateError: there is no such request, or it was not acknowledged.
        Unprocessable: it does not ask for a measure that is named.
        Conflict: the channel is frozen.
    """
    with database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        asked = [measure.measure_id for measure in request.measures]
        chosen = _chosen(asked, content.measures)
        whole = len(chosen) == len(asked)
        decided = _decide(db, request, chosen)
        for act in (
            RequestAct.REVIEW,
            RequestAct.ACCEPT if whole else RequestAct.ACCEPT_IN_PART,
            RequestAct.EXECUTE,
        ):
            requests.move(db, request_id, act, actor)
        body = messages.DecisionBody(
            request_id=request_id,
            decision="accepted",
            measures=decided,
            codes=(),
            reasons=content.note,
        )
        casework.post(db, EntryType.DECISION, request, body, keyring=keyring, actor=actor)
        casework.record(db, "request.accepted", request, actor)
        return casework.request_file(db, request_id)


def refuse(
    request_id: str,
    content: RefusalOfRequest,
    *,
    database: Database,
    keyring: Keyring,
    actor: Actor,
) -> RequestFile:
    """Refuse a request as a whole, with codes and reasons (S06 → S07 → S12).

    Raises:
        NotFound, WrongStateError: there is no such request, or it was not acknowledged.
        Conflict: the channel is frozen.
    """
    with database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        decided = _decide(db, request, ())
        requests.move(db, request_id, RequestAct.REVIEW, actor)
        requests.move(db, request_id, RequestAct.REFUSE, actor)
        body = messages.DecisionBody(
            request_id=request_id,
            decision="refused",
            measures=decided,
            codes=tuple(content.codes),
            reasons=content.reasons,
        )
        casework.post(db, EntryType.DECISION, request, body, keyring=keyring, actor=actor)
        casework.record(db, "request.refused", request, actor)
        return casework.request_file(db, request_id)


def _chosen(asked: Sequence[str], named: Sequence[str] | None) -> Sequence[str]:
    if named is None:
        return asked
    unknown = sorted(set(named) - set(asked))
    if unknown:
        raise Unprocessable(
            "unknown_measure",
            f"The request does not ask for {', '.join(unknown)}.",
            next_step=f"It asks for {', '.join(asked)}.",
        )
    return sorted(set(named))


def _decide(
    db: Session, request: Request, accepted: Sequence[str]
) -> tuple[messages.MeasureState, ...]:
    states: dict[str, MeasureState] = {}
    for measure in request.measures:
        act = RequestAct.ACCEPT if measure.measure_id in accepted else RequestAct.REFUSE
        states[measure.measure_id] = advance_measure(measure.state, act)
    requests.set_measures(db, request.id, states)
    return tuple(messages.MeasureState(measure_id=i, state=str(s)) for i, s in states.items())
