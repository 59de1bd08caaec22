"""Any act on a request, and what a person in a role finds: plain, or with an officer's signature."""

from __future__ import annotations

from collections.abc import Mapping

from client.clock import Clock
from client.sdk.approving import Officer
from client.sdk.records import Package, Request, as_list, as_object, read_request
from client.sdk.session import Session
from shared.protocol import approvals
from shared.protocol.canonical import Json

Said = Mapping[str, Json]


def act(session: Session, request_id: str, name: str, said: Said | None = None) -> Request:
    """Do an act that needs no signature (`review`, `execute`, …); `said`: what goes with it."""
    return read_request(session.post(f"/v1/requests/{request_id}/{name}", said))


def decide(  # noqa: PLR0913 - who decides what, when
    session: Session,
    request: Request,
    name: str,
    said: Said,
    *,
    officer: Officer,
    clock: Clock,
    signs: approvals.Act = approvals.REQUEST_DECIDE,
) -> Request:
    """Do an act that an officer signs: accept, refuse, postpone, withdraw, settle."""
    signed = sign(officer, signs, name, request, said, clock=clock)
    return read_request(session.post(f"/v1/requests/{request.request_id}/{name}", signed))


def find(
    session: Session,
    subject: Request | Package,
    said: Said,
    *,
    officer: Officer,
    clock: Clock,
) -> Said:
    """Hand in a finding: `gate`, `role`, `verdict`, `text`, and `items` where it is about some alone."""
    signed = sign(officer, approvals.FINDING, "findings", subject, said, clock=clock)
    return as_object(session.post(f"{_address(subject)}/findings", signed))


def findings(session: Session, subject: Request | Package) -> Said:
    """Read what was found, and how the gates of the next step stand."""
    return as_object(session.get(f"{_address(subject)}/findings"))


def filtered(
    session: Session,
    package: Package,
    verdicts: Mapping[str, str],
    *,
    officer: Officer,
    clock: Clock,
) -> Said:
    """Say of items (by id) whether they are `clean`, `privileged` or `waived`, as the filter team."""
    items: list[Json] = [{"item_id": each, "verdict": verdicts[each]} for each in verdicts]
    said: Said = {"items": items}
    signed = sign(officer, approvals.PACKAGE_FILTER, "filter", package, said, clock=clock)
    return as_object(session.post(f"/v1/packages/{package.package_id}/filter", signed))


def messages(session: Session, request_id: str) -> list[Said]:
    """Read what both authorities have written to each other about a request, the oldest first."""
    answer = session.get(f"/v1/requests/{request_id}/messages")
    return [as_object(each) for each in as_list(answer.get("messages"))]


def sign(
    officer: Officer,
    act: approvals.Act,
    what: str,
    subject: Request | Package,
    said: Said,
    *,
    clock: Clock,
) -> dict[str, Json]:
    """Sign a statement about a request or package: the body of a call that demands it.

    Args:
        officer: who signs.
        act: what the officer must be registered for.
        what: the last part of the address, as `refuse`.
        subject: as it was read.
        said: the statement.
        clock: tells when.
    """
    signed = officer.approve(
        act,
        object_id=subject.request_id if isinstance(subject, Request) else subject.package_id,
        version=subject.version,
        digest=approvals.statement_digest(what, said),
        now=clock(),
    )
    return {"statement": dict(said), "approval": signed["approval"]}


def _address(subject: Request | Package) -> str:
    if isinstance(subject, Request):
        return f"/v1/requests/{subject.request_id}"
    return f"/v1/packages/{subject.package_id}"
