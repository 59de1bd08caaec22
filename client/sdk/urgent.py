"""Emergencies and preservations: called back, validated, kept."""

from __future__ import annotations

from client.clock import Clock
from client.sdk.acts import Said, sign
from client.sdk.approving import Officer
from client.sdk.records import Request, as_object, read_request
from client.sdk.session import Session
from shared.protocol.approvals import COURT_RECORD, DUTY_RECORD, REQUEST_APPROVE, REQUEST_PREPARE


def send_unvalidated(
    session: Session,
    request: Request,
    reason: str,
    *,
    drafter: Officer,
    duty: Officer,
    clock: Clock,
) -> Request:
    """Have the duty officer approve an emergency that no judge has validated (T04)."""
    of = {"object_id": request.request_id, "version": request.version, "digest": request.digest}
    prepared = drafter.approve(REQUEST_PREPARE, **of, now=clock())["approval"]  # type: ignore[arg-type]
    approval = duty.approve(REQUEST_APPROVE, **of, now=clock())["approval"]  # type: ignore[arg-type]
    said: Said = {"prepared": prepared, "approval": approval, "reason": reason}
    return read_request(
        session.post(f"/v1/requests/{request.request_id}/approve-unvalidated", said)
    )


def emergency(session: Session, request_id: str) -> Said:
    """Read how an emergency stands, and which number is called back."""
    return as_object(session.get(f"/v1/requests/{request_id}/emergency"))


def call_back(
    session: Session, request: Request, said: Said, *, officer: Officer, clock: Clock
) -> Said:
    """Record a call-back: `number`, `spoke_with`, `confirmed`, `text`."""
    signed = sign(officer, DUTY_RECORD, "call-back", request, said, clock=clock)
    return as_object(session.post(f"/v1/requests/{request.request_id}/call-back", signed))


def validate(
    session: Session, request: Request, said: Said, *, officer: Officer, clock: Clock
) -> Said:
    """Record what a judge said afterwards: `granted`, `authority`, `text`."""
    signed = sign(officer, COURT_RECORD, "validation", request, said, clock=clock)
    return as_object(session.post(f"/v1/requests/{request.request_id}/validation", signed))


def preservation(session: Session, request_id: str) -> Said:
    """Read until when data is preserved."""
    return as_object(session.get(f"/v1/requests/{request_id}/preservation"))


def preserve(session: Session, request_id: str, said: Said) -> Said:
    """Say what becomes of data to be preserved: `state`, `until`, `text`."""
    return as_object(session.post(f"/v1/requests/{request_id}/preservation", said))
