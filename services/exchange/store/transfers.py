"""SQL of what comes in: packages being fetched, and which of their segments are still missing."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.records import Package, StoredSegment
from services.exchange.states import Actor, Direction, PackageState
from services.exchange.store import leases, packages
from services.exchange.tables import ChannelRow, PackageRow, RequestRow, SegmentRow


def known_request(db: Session, request_id: str) -> bool:
    """Return whether there is a request of this id."""
    return db.get(RequestRow, request_id) is not None


def known_package(db: Session, package_id: str) -> bool:
    """Return whether there is a package of this id."""
    return db.get(PackageRow, package_id) is not None


def is_due(db: Session, now: datetime) -> bool:
    """Return whether an inbound package waits to be fetched, and nobody is at it."""
    return db.scalar(sa.select(PackageRow.id).where(*_due(now)).limit(1)) is not None


def claim(db: Session, actor: Actor, lease: timedelta) -> Package | None:
    """Take the inbound package that has waited longest to be fetched, if one is due."""
    longest = (
        sa.select(PackageRow.id)
        .where(*_due(actor.at))
        .order_by(PackageRow.lease_until.nulls_first(), PackageRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = db.scalar(
        sa.update(PackageRow)
        .where(PackageRow.id == longest, *_due(actor.at))
        .values(lease_owner=actor.client_id, lease_until=actor.at + lease)
        .returning(PackageRow.id)
        .execution_options(synchronize_session=False)
    )
    return None if claimed is None else packages.find(db, claimed)


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    free = sa.or_(PackageRow.lease_until.is_(None), PackageRow.lease_until <= now)
    return PackageRow.direction == Direction.IN, PackageRow.state == PackageState.RECEIVED, free


def give_back(db: Session, package_id: str, actor: Actor, *, due_at: datetime | None) -> None:
    """End the lease; nobody takes the package again before `due_at`."""
    db.execute(
        sa.update(PackageRow)
        .where(PackageRow.id == package_id, PackageRow.lease_owner == actor.client_id)
        .values(lease_owner=None, lease_until=due_at)
    )


def hasten(db: Session) -> None:
    """End every lease on inbound packages: whoever held one is gone."""
    db.execute(
        sa.update(PackageRow)
        .where(PackageRow.direction == Direction.IN, PackageRow.state == PackageState.RECEIVED)
        .values(lease_owner=None, lease_until=None)
    )


def set_error(db: Session, package_id: str, error: Mapping[str, str] | None) -> None:
    """Write what a person has to know about a package that does not get on, or that it does again."""
    db.execute(
        sa.update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(error=None if error is None else dict(error))
    )


def end_work(db: Session, package_id: str, error: Mapping[str, str] | None) -> None:
    """End lease and progress, with what a person has to know."""
    db.execute(
        sa.update(PackageRow)
        .where(PackageRow.id == package_id)
        .values(**leases.NO_WORK, error=None if error is None else dict(error))
    )


def set_index(db: Session, package_id: str, blob: str) -> None:
    """Name the blob that holds the segment index."""
    db.execute(sa.update(PackageRow).where(PackageRow.id == package_id).values(index_blob=blob))


def missing(db: Session, package_id: str) -> list[StoredSegment]:
    """Return the segments that are announced and not stored."""
    rows = db.scalars(
        sa.select(SegmentRow)
        .where(SegmentRow.package_id == package_id, SegmentRow.stored.is_(False))
        .order_by(SegmentRow.item_id, SegmentRow.n)
        .execution_options(populate_existing=True)
    )
    return [
        StoredSegment(
            package_id=row.package_id,
            item_id=row.item_id,
            n=row.n,
            digest=row.digest,
            size=row.size,
            stored=False,
        )
        for row in rows
    ]


def set_stored(db: Session, segments: Iterable[StoredSegment], *, stored: bool) -> None:
    """Note that segments are in the vault, durable, or no longer are."""
    for segment in segments:
        db.execute(
            sa.update(SegmentRow)
            .where(
                SegmentRow.package_id == segment.package_id,
                SegmentRow.item_id == segment.item_id,
                SegmentRow.n == segment.n,
            )
            .values(stored=stored)
        )


def overdue(db: Session, now: datetime) -> list[Package]:
    """Return our packages in open channels whose offer is over, their content unconfirmed."""
    frozen = sa.select(ChannelRow.channel).where(ChannelRow.frozen.is_not(None))
    rows = db.scalars(
        sa.select(PackageRow.id)
        .where(
            PackageRow.direction == Direction.OUT,
            PackageRow.state.in_((PackageState.RELEASED, PackageState.RECEIVED)),
            PackageRow.expires <= now,
            PackageRow.entry_channel.not_in(frozen),
        )
        .order_by(PackageRow.expires)
    )
    return [packages.find(db, package_id) for package_id in rows]
