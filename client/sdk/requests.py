"""Requests for assistance: draft, approve, send; and, in the other country, answer."""

from __future__ import annotations

from collections.abc import Mapping

from client.clock import Clock
from client.sdk.approving import Officer
from client.sdk.records import Request, as_list, as_object, read_request
from client.sdk.session import Session
from shared.protocol.approvals import REQUEST_APPROVE, REQUEST_PREPARE
from shared.protocol.canonical import Json


def draft(session: Session, document: Mapping[str, Json]) -> Request:
    """Begin a request; the gateway says which fields are missing or wrong."""
    return read_request(session.post("/v1/requests", document))


def amend(session: Session, request_id: str, document: Mapping[str, Json]) -> Request:
    """Write a new version of a draft; approvals of the old one are void with it."""
    return read_request(session.put(f"/v1/requests/{request_id}", document))


def submit(session: Session, request: Request, *, officer: Officer, clock: Clock) -> Request:
    """Hand a draft to the second officer, signed by the one who prepared it."""
    signed = officer.approve(
        REQUEST_PREPARE,
        object_id=request.request_id,
        version=request.version,
        digest=request.digest,
        now=clock(),
    )
    return _act(session, request.request_id, "submit", signed)


def approve(session: Session, request: Request, *, officer: Officer, clock: Clock) -> Request:
    """Approve exactly the version that was read."""
    signed = officer.approve(
        REQUEST_APPROVE,
        object_id=request.request_id,
        version=request.version,
        digest=request.digest,
        now=clock(),
    )
    return _act(session, request.request_id, "approve", signed)


def send(session: Session, request_id: str) -> Request:
    """Send an approved request; the courier carries it."""
    return _act(session, request_id, "send")


def acknowledge(session: Session, request_id: str, *, reference: str, note: str) -> Request:
    """Confirm that the request is with an authority, under its own reference."""
    return _act(session, request_id, "acknowledge", {"reference": reference, "note": note})


def find(session: Session, request_id: str) -> Request:
    """Read one request."""
    return read_request(session.get(f"/v1/requests/{request_id}"))


def messages(session: Session, request_id: str) -> list[dict[str, Json]]:
    """Read what both authorities wrote about a request, the oldest first."""
    answer = session.get(f"/v1/requests/{request_id}/messages")
    return [as_object(row) for row in as_list(answer.get("messages"))]


def find_all(
    session: Session, *, direction: str | None = None, state: str | None = None
) -> list[Request]:
    """Read all requests that the caller may see."""
    answer = session.get("/v1/requests", direction=direction, state=state)
    return [read_request(row) for row in as_list(answer.get("requests"))]


def _act(
    session: Session,
    request_id: str,
    act: str,
    body: Mapping[str, Json] | dict[str, str] | None = None,
) -> Request:
    return read_request(session.post(f"/v1/requests/{request_id}/{act}", body))
