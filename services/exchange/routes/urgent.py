"""Emergencies, preservations, notices to the person and costs, as a national system sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter

from services.exchange import informing, notifying, preserving, urgency
from services.exchange.acts.emergencies import CallingBack, Validating
from services.exchange.acts.preserving import Keeping
from services.exchange.informing import Costing
from services.exchange.notifying import Telling
from services.exchange.remedyrecords import Emergency, Preservation, SubjectNotice
from services.exchange.routes.parts import Acting, Node, Parts
from services.exchange.routes.repeats import Repeatable, answers_with
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAnswer:
    """What the person concerned is to be told, was told, or why not yet."""

    request_id: str
    due_at: str
    sent_at: str | None
    remedies: bool
    ground: str | None
    review: str | None


@router.get("/{request_id}/emergency")
def emergency(request_id: str, node: Node) -> EmergencyAnswer:
    """Show how an emergency stands, and which number is called back."""
    found, number = urgency.view(request_id, bench=node.bench)
    return _emergency(found, number)


@router.post("/{request_id}/call-back")
def call_back(
    request_id: str, content: Signed[CallingBack], actor: Acting, node: Repeatable
) -> EmergencyAnswer:
    """Record what the other country's duty desk said when it was called back."""
    found = urgency.call_back(request_id, content, bench=node.bench, actor=actor)
    return _emergency(found, found.number)


@router.post("/{request_id}/validation")
def validate(
    request_id: str, content: Signed[Validating], actor: Acting, node: Repeatable
) -> EmergencyAnswer:
    """Record what a judge or prosecutor said of a request that was sent before."""
    found = urgency.validate(request_id, content, bench=node.bench, actor=actor)
    return _emergency(found, found.number)


@router.get("/{request_id}/preservation")
def preservation(request_id: str, node: Node) -> PreservationAnswer:
    """Show until when data is preserved."""
    return _preservation(preserving.view(request_id, bench=node.bench))


@router.post("/{request_id}/preservation")
def preserve(
    request_id: str, content: Keeping, actor: Acting, node: Repeatable
) -> PreservationAnswer:
    """Say what becomes of data that is to be preserved."""
    return _preservation(preserving.keep(request_id, content, bench=node.bench, actor=actor))


@router.post("/{request_id}/subject-notice")
def tell(request_id: str, content: Telling, actor: Acting, node: Repeatable) -> NoticeAnswer:
    """Record that the person concerned was told, or is told later and why."""
    return _notice(notifying.tell(request_id, content, bench=node.bench, actor=actor))


@router.post("/{request_id}/costs", status_code=204)
def cost(request_id: str, content: Costing, actor: Acting, node: Repeatable) -> None:
    """Tell the other country what a request has cost, or that it was paid back."""
    informing.cost(request_id, content, bench=node.bench, actor=actor)


def _emergency_again(node: Parts, names: Mapping[str, str]) -> EmergencyAnswer:
    return emergency(names["request_id"], node)


def _preservation_again(node: Parts, names: Mapping[str, str]) -> PreservationAnswer:
    return preservation(names["request_id"], node)


def _notice_again(node: Parts, names: Mapping[str, str]) -> NoticeAnswer:
    return _notice(notifying.view(names["request_id"], bench=node.bench))


for _path, _view in (
    ("call-back", _emergency_again),
    ("validation", _emergency_again),
    ("preservation", _preservation_again),
    ("subject-notice", _notice_again),
    ("costs", lambda _node, _names: None),
):
    answers_with(f"/v1/requests/{{request_id}}/{_path}", _view)


def _notice(found: SubjectNotice) -> NoticeAnswer:
    return NoticeAnswer(
        request_id=found.request_id,
        due_at=milliseconds(found.due_at),
        sent_at=None if found.sent_at is None else milliseconds(found.sent_at),
        remedies=found.remedies,
        ground=found.ground,
        review=found.review,
    )


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
