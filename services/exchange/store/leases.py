"""Who works on a package, until when, and how far the work has got."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from services.exchange.records import Progress
from services.exchange.states import Actor, Direction, PackageState
from services.exchange.tables import PackageRow

NO_WORK: Mapping[str, None] = {
    "progress_phase": None,
    "progress_done": None,
    "progress_total": None,
    "lease_owner": None,
    "lease_until": None,
}


def begin(db: Session, package_id: str, progress: Progress) -> None:
    """Write that a long piece of work is waiting for a worker."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(**{**NO_WORK, **_progress_columns(progress)}, error=None)
    )


def waits(db: Session, state: PackageState, at: datetime) -> bool:
    """Return whether an own package in a state waits for a worker."""
    waiting = select(PackageRow.id).where(
        PackageRow.state == state, PackageRow.direction == Direction.OUT, _free(at)
    )
    return db.scalar(waiting.limit(1)) is not None


def claim(db: Session, state: PackageState, actor: Actor, lease: timedelta) -> str | None:
    """Take the oldest own package in a state that nobody works on, until the lease ends; its id."""
    free = _free(actor.at)
    oldest = (
        select(PackageRow.id)
        .where(PackageRow.state == state, PackageRow.direction == Direction.OUT, free)
        .order_by(PackageRow.updated_at, PackageRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return db.scalar(
        update(PackageRow)
        .where(PackageRow.id == oldest, free)
        .values(lease_owner=actor.client_id, lease_until=actor.at + lease)
        .returning(PackageRow.id)
        .execution_options(synchronize_session=False)
    )


def note(db: Session, package_id: str, progress: Progress, actor: Actor, lease: timedelta) -> bool:
    """Write progress and renew the lease; False when the lease was lost to another worker."""
    kept = db.scalar(
        update(PackageRow)
        .where(PackageRow.id == package_id, PackageRow.lease_owner == actor.client_id)
        .values(lease_until=actor.at + lease, **_progress_columns(progress))
        .returning(PackageRow.id)
    )
    return kept is not None


def holds(db: Session, package_id: str, owner: str) -> bool:
    """Return whether a worker still has its lease, and keep it so until the transaction ends."""
    held = select(PackageRow.id).where(PackageRow.id == package_id, PackageRow.lease_owner == owner)
    return db.scalar(held.with_for_update()) is not None


def end(db: Session, package_id: str, owner: str) -> None:
    """Give a package back, so that the next worker need not wait for the lease to end."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.id == package_id, PackageRow.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )


def end_all(db: Session, owner: str) -> None:
    """Give back everything that a worker holds."""
    db.execute(
        update(PackageRow)
        .where(PackageRow.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )


def _free(at: datetime) -> ColumnElement[bool]:
    return or_(PackageRow.lease_until.is_(None), PackageRow.lease_until <= at)


def _progress_columns(progress: Progress) -> dict[str, str | int]:
    return {
        "progress_phase": progress.phase,
        "progress_done": progress.done,
        "progress_total": progress.total,
    }
