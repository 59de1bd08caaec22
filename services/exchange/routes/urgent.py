"""Emergencies and preservations, as a national system sees them."""

from dataclasses import dataclass

from fastapi import APIRouter

from services.exchange import preserving, urgency
from services.exchange.acts.emergencies import CallingBack, Validating
from services.exchange.acts.preserving import Keeping
from services.exchange.remedyrecords import Emergency, Preservation
from services.exchange.routes.parts import Acting, Node
from services.exchange.signed import Signed
from shared.runtime.clock import milliseconds
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/requests", route_class=StrictRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAnswer:
    """An emergency; `call`: the number in the directory, the only one to call back."""

    request_id: str
    state: str
    unvalidated: bool
    validated_at: str | None
    called_at: str | None
    call: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreservationAnswer:
    """A preservation; `until` none: until the request that it is linked to is decided."""

    request_id: str
    state: str
    until: str | None
    extensions: int
    linked: str | None


@router.get("/{request_id}/emergency")
def emergency(request_id: str, node: Node) -> EmergencyAnswer:
    """Show how an emergency stands, and which number is called back."""
    found, number = urgency.view(request_id, bench=node.bench)
    return _emergency(found, number)


@router.post("/{request_id}/call-back")
def call_back(
    request_id: str, content: Signed[CallingBack], actor: Acting, node: Node
) -> EmergencyAnswer:
    """Record what the other country's duty desk said when it was called back."""
    found = urgency.call_back(request_id, content, bench=node.bench, actor=actor)
    return _emergency(found, found.number)


@router.post("/{request_id}/validation")
def validate(
    request_id: str, content: Signed[Validating], actor: Acting, node: Node
) -> EmergencyAnswer:
    """Record what a judge or prosecutor said of a request that was sent before."""
    found = urgency.validate(request_id, content, bench=node.bench, actor=actor)
    return _emergency(found, found.number)


@router.get("/{request_id}/preservation")
def preservation(request_id: str, node: Node) -> PreservationAnswer:
    """Show until when data is preserved."""
    return _preservation(preserving.view(request_id, bench=node.bench))


@router.post("/{request_id}/preservation")
def preserve(request_id: str, content: Keeping, actor: Acting, node: Node) -> PreservationAnswer:
    """Say what becomes of data that is to be preserved."""
    return _preservation(preserving.keep(request_id, content, bench=node.bench, actor=actor))


def _emergency(found: Emergency, number: str | None) -> EmergencyAnswer:
    return EmergencyAnswer(
        request_id=found.request_id,
        state=found.state,
        unvalidated=found.unvalidated,
        validated_at=None if found.validated_at is None else milliseconds(found.validated_at),
        called_at=None if found.called_at is None else milliseconds(found.called_at),
        call=number,
    )


def _preservation(found: Preservation) -> PreservationAnswer:
    return PreservationAnswer(
        request_id=found.request_id,
        state=found.state,
        until=None if found.until is None else milliseconds(found.until),
        extensions=found.extensions,
        linked=found.linked,
    )
