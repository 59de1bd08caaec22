"""Packages: their state, and the lease of who works on one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.exchange.records import EntryRef, Package, Progress
from services.exchange.states import (
    Actor,
    Direction,
    PackageAct,
    PackageState,
    advance_package,
)
from services.exchange.store import history
from services.exchange.store.leases import NO_WORK
from services.exchange.tables import PackageRow
from shared.runtime.refusals import Conflict, NotFound

PAGE = 500  # packages in one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What closing a package found and made."""

    index_sha384: str
    index_blob: str
    segments: int  # those of the tag files included
    tagmanifest_sha256: str


def add(db: Session, package: Package) -> None:
    """Put a new package on record, with the first step of its history."""
    db.add(
        PackageRow(
            id=package.id,
            direction=package.direction,
            peer=package.peer,
            request_id=package.request_id,
            state=package.state,
            version=package.version,
            segment_size=package.segment_size,
            wrapped_key=package.wrapped_key,
            sealed_title=package.sealed_title,
            measures=list(package.measures),
            index_sha384=package.index_sha384,
            index_blob=package.index_blob,
            segments=package.segments,
            items=package.items,
            size=package.size,
            tagmanifest_sha256=package.tagmanifest_sha256,
            expires=package.expires,
            created_by=package.created_by,
            created_at=package.created_at,
            updated_at=package.updated_at,
            **history.entry_columns(package.entry),
        )
    )
    db.flush()
    first = Actor(client_id=package.created_by, at=package.created_at)
    history.append(db, package.id, package.state, first)


def find(db: Session, package_id: str) -> Package:
    """Return a package.

    Raises:
        NotFound: there is none of that id.
    """
    row = db.get(PackageRow, package_id, populate_existing=True)
    if row is None:
        raise NotFound(
            "unknown_package",
            "There is no package of this id here.",
            next_step="List the packages to find its id.",
        )
    return _package(row)


def listed(
    db: Session, *, direction: Direction | None, state: PackageState | None
) -> tuple[Package, ...]:
    """Return the newest packages first, at most `PAGE`."""
    query = select(PackageRow).order_by(PackageRow.id.desc()).limit(PAGE)
    if direction is not None:
        query = query.where(PackageRow.direction == direction)
    if state is not None:
        query = query.where(PackageRow.state == state)
    return tuple(_package(row) for row in db.scalars(query))


def of_request(db: Session, request_id: str) -> tuple[Package, ...]:
    """Return the packages of a request, the oldest first."""
    query = select(PackageRow).where(PackageRow.request_id == request_id).order_by(PackageRow.id)
    return tuple(_package(row) for row in db.scalars(query))


def move(db: Session, package_id: str, act: PackageAct, actor: Actor) -> PackageState:
    """Move a package along an arrow, by compare-and-swap, and note it in its history.

    Raises:
        NotFound: there is none of that id.
        WrongStateError: the act is not open in its state.
        Conflict: somebody else moved it at the same time.
    """
    package = find(db, package_id)
    after = advance_package(package.direction, package.state, act)
    moved = db.scalar(
        update(PackageRow)
        .where(PackageRow.id == package_id, PackageRow.state == package.state)
        .values(state=after, updated_at=actor.at)
        .returning(PackageRow.id)
    )
    if moved is None:
        raise _moved_meanwhile()
    history.append(db, package_id, after, actor)
    return after


def hold_open(db: Session, package_id: str, at: datetime) -> Package:
    """Return a package that is being collected, and keep it so until the transaction ends.

    The update takes the row's lock: whoever closes the package at the same moment waits for us or we
    for them, so nothing is added to a package that is being read back.

    Raises:
        NotFound: there is none of that id.
        WrongStateError: it is not being collected (any more).
        Conflict: it was moved at the same time.
    """
    held = db.scalar(
        update(PackageRow)
        .where(
            PackageRow.id == package_id,
            PackageRow.state == PackageState.COLLECTING,
            PackageRow.direction == Direction.OUT,
        )
        .values(updated_at=at)
        .returning(PackageRow.id)
    )
    package = find(db, package_id)
    advance_package(package.direction, package.state, PackageAct.COLLECT)
    if held is None:
        raise _moved_meanwhile()
    return package


def grow(db: Session, package_id: str, *, items: int, segments: int, size: int) -> None:
    """Count an item in (or, with negative numbers, out)."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(
            items=PackageRow.items + items,
            segments=PackageRow.segments + segments,
            size=PackageRow.size + size,
        )
    )


def set_case(db: Session, package_id: str, blob: str) -> None:
    """Name the blob that holds the authority's own CASE graph."""
    db.execute(update(PackageRow).where(PackageRow.id == package_id).values(case_blob=blob))


def set_entry(db: Session, package_id: str, entry: EntryRef, expires: datetime | None) -> None:
    """Note where the entry that carries a package stands, and until when it is offered."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(expires=expires, **history.entry_columns(entry))
    )


def freeze(db: Session, package_id: str, closed: Closed) -> None:
    """Write what closing found; from here on the package is what its index says."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(
            index_sha384=closed.index_sha384,
            index_blob=closed.index_blob,
            segments=closed.segments,
            tagmanifest_sha256=closed.tagmanifest_sha256,
            **NO_WORK,
            error=None,
        )
    )


def reopen(db: Session, package_id: str, error: Mapping[str, Any]) -> None:
    """Write why closing failed; approvals of this version, if any, are void with it."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(version=PackageRow.version + 1, error=dict(error), **NO_WORK)
    )


def destroy_key(db: Session, package_id: str) -> None:
    """Forget the content key: what is stored of the package can never be opened again here."""
    db.execute(update(PackageRow).where(PackageRow.id == package_id).values(wrapped_key=None))


def _moved_meanwhile() -> Conflict:
    return Conflict(
        "moved_meanwhile",
        "Somebody else changed this package at the same moment.",
        next_step="Look at it again, then decide.",
    )


def _progress(row: PackageRow) -> Progress | None:
    if row.progress_phase is None:
        return None
    return Progress(
        phase=row.progress_phase, done=row.progress_done or 0, total=row.progress_total or 0
    )


def _package(row: PackageRow) -> Package:
    return Package(
        id=row.id,
        direction=row.direction,
        peer=row.peer,
        request_id=row.request_id,
        state=row.state,
        version=row.version,
        segment_size=row.segment_size,
        wrapped_key=row.wrapped_key,
        sealed_title=row.sealed_title,
        case_blob=row.case_blob,
        measures=tuple(row.measures),
        index_sha384=row.index_sha384,
        index_blob=row.index_blob,
        segments=row.segments,
        items=row.items,
        size=row.size,
        tagmanifest_sha256=row.tagmanifest_sha256,
        entry=history.entry_of(row),
        progress=_progress(row),
        error=row.error,
        expires=row.expires,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
