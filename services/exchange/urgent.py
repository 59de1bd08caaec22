"""An emergency on record: flagged, called back, acted on, validated afterwards (process 2.4; EER 4(5)).

What gates look at comes from here (`matter`). The number to call is the directory's, never the one in the
message; who called signs that it was.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.exchange import casework, supplying, timing
from services.exchange.bench import Bench
from services.exchange.records import Package, Request
from services.exchange.remedyrecords import Emergency
from services.exchange.states import Actor
from services.exchange.store import Session, emergencies
from shared.protocol import canonical
from shared.protocol.identifiers import Country
from shared.protocol.law import documents
from shared.protocol.law.documents import Document
from shared.protocol.law.emergency import (
    EmergencyState,
    EmergencyStep,
    WrongEmergencyError,
    advance,
)
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict

EMERGENCY = "EMERGENCY"
_ENDED = frozenset({EmergencyState.FORMALISED, EmergencyState.REVOKED})
RULE = "G20; EER 4(5); 2AP 9-10"


def flag(db: Session, request: Request, document: Document, actor: Actor) -> None:
    """Put it on record where a request is an emergency, or was sent without validation."""
    unvalidated = document.validation_due is not None
    if document.urgency != EMERGENCY and not unvalidated:
        return
    emergencies.save(
        db,
        Emergency(
            request_id=request.id,
            state=EmergencyState.FLAGGED,
            unvalidated=unvalidated,
            changed_at=actor.at,
        ),
    )
    casework.record(db, "emergency.flagged", request, actor)


def step(
    db: Session,
    request: Request,
    what: EmergencyStep,
    actor: Actor,
    **changed: Any,  # noqa: ANN401 - columns
) -> Emergency:
    """Move an emergency along its table.

    Raises:
        Conflict: the request is none, or the step does not follow.
    """
    known = emergencies.look_for(db, request.id)
    if known is None:
        raise Conflict(
            "no_emergency",
            "This request is no emergency, and was not sent without validation.",
            rule=RULE,
            next_step="Go the ordinary way.",
        )
    try:
        state = advance(known.state, what)
    except WrongEmergencyError as error:
        raise Conflict(error.code, f"{error.detail}.", rule=RULE, stage=known.state) from error
    after = replace(known, state=state, changed_at=actor.at, **changed)
    emergencies.save(db, after)
    return after


def acted(db: Session, request: Request, *, bench: Bench, actor: Actor) -> None:
    """Note that evidence left on an emergency: from now on the formal request is due."""
    known = emergencies.look_for(db, request.id)
    if known is not None and known.state in {EmergencyState.CONFIRMED, EmergencyState.ACTED}:
        step(db, request, EmergencyStep.ACT, actor)
    disclosed(db, request, bench=bench, at=actor.at)


def disclosed(db: Session, request: Request, *, bench: Bench, at: datetime) -> None:
    """Begin the time for the formal request, in either country; one that was validated is formal."""
    known = emergencies.look_for(db, request.id)
    if known is not None and known.unvalidated and known.state not in _ENDED:
        happened(db, request, "disclosed", bench=bench, at=at)


def happened(
    db: Session,
    request: Request,
    word: str,
    *,
    bench: Bench,
    at: datetime,
    until: datetime | None = None,
) -> None:
    """Move the clocks with something that is no act of the lifecycle; `until`: when it is to end."""
    timing.happened(
        db,
        request,
        word,
        at=at.replace(microsecond=0),
        directory=bench.directory,
        country=bench.keyring.country,
        stated=until,
    )


def matter(
    db: Session, request: Request, _package: Package | None, _at: datetime
) -> dict[str, Any]:
    """Return what gates look at (G01, G20): `matters.SOURCES`."""
    known = emergencies.look_for(db, request.id)
    if known is None:
        return {"validated": supplying.document(db, request).validation_due is None}
    return {
        "call_back": known.called_at is not None and known.number is not None,
        "validated": not known.unvalidated or known.validated_at is not None,
        "revoked": known.state is EmergencyState.REVOKED,
    }


def number(request: Request, directory: Directory) -> str | None:
    """Return the number to call back: the directory's, of the other country's duty desk."""
    member = directory.members.get(Country(request.peer))
    return None if member is None else member.contacts.get("duty_phone")


def document_of(request: Request) -> Document:
    """Read a request's document as it was sent; what was supplied later is in `supplying`."""
    return documents.of_json(canonical.parse(request.document))
