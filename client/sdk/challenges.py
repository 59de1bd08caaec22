"""A court's role records a person's challenge of a request, and what the court decides."""

from __future__ import annotations

from client.clock import Clock
from client.sdk.acts import Said, sign
from client.sdk.approving import Officer
from client.sdk.records import Request, as_list, as_object
from client.sdk.session import Session
from shared.protocol.approvals import COURT_RECORD


def listed(session: Session, request_id: str) -> list[Said]:
    """Read the challenges of a request, the oldest first."""
    answer = session.get(f"/v1/requests/{request_id}/challenges")
    return [as_object(each) for each in as_list(answer.get("challenges"))]


def lodge(
    session: Session, request: Request, said: Said, *, officer: Officer, clock: Clock
) -> Said:
    """Record a challenge: `who`, `court`, `file_number`, `measures` or `packages`, `text`."""
    return _record(session, request, "challenges", said, officer=officer, clock=clock)


def decide(
    session: Session, request: Request, said: Said, *, officer: Officer, clock: Clock
) -> Said:
    """Record a decision: `challenge_id`, `state`, `text`; of an outcome in part `items`."""
    path = f"challenges/{said['challenge_id']}/outcome"
    return _record(session, request, path, said, officer=officer, clock=clock)


def waive(
    session: Session, request: Request, said: Said, *, officer: Officer, clock: Clock
) -> Said:
    """Record that nobody will appeal any more: `court`, `text`."""
    return _record(session, request, "appeal-waiver", said, officer=officer, clock=clock)


def _record(
    session: Session,
    request: Request,
    path: str,
    said: Said,
    *,
    officer: Officer,
    clock: Clock,
) -> Said:
    what = path.rpartition("/")[2]
    signed = sign(officer, COURT_RECORD, what, request, said, clock=clock)
    return as_object(session.post(f"/v1/requests/{request.request_id}/{path}", signed))
