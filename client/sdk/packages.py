"""Packages of evidence: collect, close, approve, release; and, in the other country, receive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from client.clock import Clock
from client.errors import StateError
from client.sdk.approving import Grant, Officer
from client.sdk.records import (
    Item,
    Package,
    Request,
    as_list,
    as_object,
    read_item,
    read_package,
    read_request,
    text,
)
from client.sdk.session import Session
from shared.protocol.approvals import PACKAGE_CLEAR, PACKAGE_PREPARE, PACKAGE_RELEASE, Act
from shared.protocol.canonical import Json, unb64u


def open_package(
    session: Session, *, request_id: str, measures: Sequence[str], title: str
) -> Package:
    """Open a package that answers measures of a request."""
    body = {"request_id": request_id, "measures": list(measures), "title": title}
    return read_package(session.post("/v1/packages", body))


def add_case(session: Session, package_id: str, graph: bytes) -> None:
    """Add the authority's own CASE/UCO graph (JSON-LD) in place of the minimal one."""
    path = f"/v1/packages/{package_id}/case"
    session.json(session.write("PUT", path, graph, media_type="application/ld+json"))


def close(session: Session, package_id: str) -> Package:
    """Freeze a package; the node then reads all of it back, which `find` tells the progress of."""
    return read_package(session.post(f"/v1/packages/{package_id}/close"))


def prepare(session: Session, package: Package, *, officer: Officer, clock: Clock) -> Package:
    """Sign that the closed package is ready, by the digest that was read."""
    return _approve(session, package, PACKAGE_PREPARE, officer=officer, clock=clock)


def clear(session: Session, package: Package, *, officer: Officer, clock: Clock) -> Package:
    """Clear the prepared package as the second officer, by the digest that was read."""
    return _approve(session, package, PACKAGE_CLEAR, officer=officer, clock=clock)


def release(session: Session, package: Package, *, officer: Officer, clock: Clock) -> Package:
    """Seal a cleared package and let the courier offer it, by the digest that was read."""
    return _approve(session, package, PACKAGE_RELEASE, officer=officer, clock=clock)


def hand_over(session: Session, package_id: str, tag_manifest: bytes) -> None:
    """Confirm the hand-over by the tag manifest's SHA-256, as computed here."""
    body = {"tagmanifest_sha256": tag_manifest.hex()}
    session.post(f"/v1/packages/{package_id}/handover", body)


def find(session: Session, package_id: str) -> Package:
    """Read one package."""
    return read_package(session.get(f"/v1/packages/{package_id}"))


def find_all(
    session: Session, *, direction: str | None = None, state: str | None = None
) -> list[Package]:
    """Read all packages that the caller may see."""
    answer = session.get("/v1/packages", direction=direction, state=state)
    return [read_package(row) for row in as_list(answer.get("packages"))]


def inbox(session: Session) -> tuple[list[Package], list[Request]]:
    """Read what waits for the caller: packages to fetch, requests to answer."""
    answer = session.get("/v1/inbox")
    packages = [read_package(row) for row in as_list(answer.get("packages"))]
    return packages, [read_request(row) for row in as_list(answer.get("requests"))]


def items(session: Session, package_id: str) -> list[Item]:
    """Read the list of files in a package."""
    answer = session.get(f"/v1/packages/{package_id}/items")
    return [read_item(row) for row in as_list(answer.get("items"))]


def tags(session: Session, package_id: str, grant: Grant) -> bytes:
    """Read the tag set of a received package (canonical JSON)."""
    path = f"/v1/packages/{package_id}/tags"
    return session.content(session.call("GET", path, headers=grant.header()))


def chain(session: Session, package_id: str) -> dict[str, bytes]:
    """Read the files of the bag's `chain/` folder as they stand now, by path."""
    answer = session.get(f"/v1/packages/{package_id}/chain")
    files: Mapping[str, Json] = as_object(answer.get("files"))
    return {path: unb64u(text(files, path)) for path in files}


def _approve(
    session: Session, package: Package, act: Act, *, officer: Officer, clock: Clock
) -> Package:
    if package.digest is None:
        raise StateError(
            f"package {package.package_id} is {package.state}: there is nothing to approve yet",
            code="not_closed",
            next_step="close it first: rogatory package close " + package.package_id,
        )
    signed = officer.approve(
        act,
        object_id=package.package_id,
        version=package.version,
        digest=package.digest,
        now=clock(),
    )
    path = f"/v1/packages/{package.package_id}/{act.removeprefix('package.')}"
    return read_package(session.post(path, signed))
