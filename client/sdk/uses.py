"""Conditions, and what becomes of evidence: use, onward transfer, retention, destruction."""

from __future__ import annotations

from collections.abc import Mapping

from client.clock import Clock
from client.sdk.acts import Said, sign
from client.sdk.approving import Officer
from client.sdk.records import Package, Request, read_package, read_request
from client.sdk.session import Session
from shared.protocol import approvals
from shared.protocol.canonical import Json

# What takes an officer's signature, and for which act the officer must be registered.
SIGNED: Mapping[str, approvals.Act] = {
    "onward-consent": approvals.ONWARD_CONSENT,
    "legal-hold": approvals.RETENTION_ACT,
    "review-retention": approvals.RETENTION_ACT,
    "destroy": approvals.RETENTION_ACT,
    "give-back": approvals.RETENTION_ACT,
}


def conditions(session: Session, request_id: str) -> Said:
    """Read the conditions of a request: each set with its id, digest, terms and state."""
    return session.get(f"/v1/requests/{request_id}/conditions")


def use(session: Session, package_id: str) -> Said:
    """Read how a package may be used, until when, who asked to hand it on, and how it ended."""
    return session.get(f"/v1/packages/{package_id}/use")


def ask_report(session: Session, request_id: str, text: str) -> Request:
    """Ask what became of the evidence (BUD 28(4))."""
    return _request(session, request_id, "use-report-request", {"text": text})


def report(session: Session, request_id: str, text: str, codes: tuple[str, ...] = ()) -> Request:
    """Tell what became of the evidence; `codes`: breached conditions that this accounts for."""
    return _request(session, request_id, "use-report", {"text": text, "codes": list(codes)})


def breach(session: Session, request_id: str, text: str, codes: tuple[str, ...]) -> Request:
    """Note, in both countries, that conditions were breached."""
    return _request(session, request_id, "breach", {"text": text, "codes": list(codes)})


def ask_onward(session: Session, package_id: str, said: Said) -> Package:
    """Ask its sender whether evidence may go on: `recipient`, `purpose`, `text`, `items` (none: all)."""
    return _package(session, package_id, "onward", said)


def export(session: Session, package_id: str, said: Said) -> Package:
    """Hand evidence on to a third State: `recipient`, `purpose`, `items`, and `urgent` in a threat."""
    return _package(session, package_id, "export", said)


def ask_deletion(session: Session, package_id: str, *, measure: str, text: str) -> Package:
    """Ask whoever received a package to `delete` or `restrict` it, or to `lift` a restriction."""
    return _package(session, package_id, "deletion-request", {"measure": measure, "text": text})


def decide(
    session: Session, package: Package, what: str, said: Said, *, officer: Officer, clock: Clock
) -> Package:
    """Do one of `SIGNED` about a package, with the officer's signature."""
    body = sign(officer, SIGNED[what], what, package, said, clock=clock)
    return _package(session, package.package_id, what, body)


def _request(session: Session, request_id: str, what: str, said: Mapping[str, Json]) -> Request:
    return read_request(session.post(f"/v1/requests/{request_id}/{what}", said))


def _package(session: Session, package_id: str, what: str, said: Mapping[str, Json]) -> Package:
    return read_package(session.post(f"/v1/packages/{package_id}/{what}", said))
