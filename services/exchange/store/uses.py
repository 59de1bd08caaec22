"""How packages may be used, how long they are kept, and how they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.exchange.conditiontables import UseRow
from services.exchange.states import Direction, PackageState
from services.exchange.store import conditions
from services.exchange.tables import PackageRow, SegmentRow
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.messages import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The fields of `conditiontables.UseRow`; a package that was here before has none of them set."""

    package_id: str
    terms: tuple[Term, ...] = ()
    retain_until: date | None = None
    asked_at: datetime | None = None
    restricted: str | None = None
    ordered: str | None = None
    ordered_at: datetime | None = None
    hold: str | None = None
    reason: str | None = None
    officer: str | None = None
    approval: str | None = None
    destroyed_at: datetime | None = None
    shredded_at: datetime | None = None
    certificate: str | None = None
    countersigned: str | None = None


def of(db: Session, package_id: str) -> Use:
    """Return what is known of the use of a package."""
    row = db.get(UseRow, package_id, populate_existing=True)
    return Use(package_id=package_id) if row is None else _use(row)


def note(db: Session, package_id: str, **values: str | bytes | datetime | None) -> None:
    """Write what changed."""
    if db.get(UseRow, package_id) is None:
        db.add(UseRow(package_id=package_id, terms=conditions.to_bytes(())))
        db.flush()
    if values:
        db.execute(update(UseRow).where(UseRow.package_id == package_id).values(**values))


def over(db: Session, today: date, limit: int) -> Sequence[str]:
    """Return packages whose time is over and of which nobody was told."""
    query = select(UseRow.package_id).where(
        UseRow.asked_at.is_(None),
        UseRow.retain_until < today.isoformat(),
        UseRow.destroyed_at.is_(None),
    )
    return list(db.scalars(query.limit(limit)))


def ordered(db: Session, limit: int) -> Sequence[str]:
    """Return packages that are to be deleted, and may be; of our own, what the receiver has destroyed."""
    query = (
        select(UseRow.package_id)
        .join(PackageRow, PackageRow.id == UseRow.package_id)
        .where(
            or_(PackageRow.direction == Direction.IN, UseRow.certificate.is_not(None)),
            UseRow.ordered.is_not(None),
            UseRow.destroyed_at.is_(None),
            UseRow.hold.is_(None),
        )
    )
    return list(db.scalars(query.limit(limit)))


def given_up(db: Session, limit: int) -> Sequence[str]:
    """Return packages that were given up while a legal hold kept them, and that none keeps any more."""
    query = (
        select(UseRow.package_id)
        .join(PackageRow, PackageRow.id == UseRow.package_id)
        .where(
            PackageRow.state == PackageState.WITHDRAWN,
            UseRow.destroyed_at.is_(None),
            UseRow.hold.is_(None),
        )
    )
    return list(db.scalars(query.limit(limit)))


def unshredded(db: Session, limit: int) -> Sequence[str]:
    """Return packages whose key is gone and whose octets are still here."""
    query = select(UseRow.package_id).where(
        UseRow.destroyed_at.is_not(None), UseRow.shredded_at.is_(None), UseRow.hold.is_(None)
    )
    return list(db.scalars(query.order_by(UseRow.destroyed_at).limit(limit)))


def blobs(db: Session, package_id: str) -> Sequence[str]:
    """Return the names of all sealed segments of a package."""
    return list(db.scalars(select(SegmentRow.digest).where(SegmentRow.package_id == package_id)))


def items(db: Session, package_id: str) -> Sequence[str]:
    """Return the ids of the items of a package, sorted."""
    query = select(SegmentRow.item_id).where(
        SegmentRow.package_id == package_id, SegmentRow.item_id != TAG_ITEM
    )
    return sorted(db.scalars(query.distinct()))


def _use(row: UseRow) -> Use:
    return Use(
        package_id=row.package_id,
        terms=conditions.from_bytes(row.terms),
        retain_until=date.fromisoformat(row.retain_until) if row.retain_until else None,
        asked_at=row.asked_at,
        restricted=row.restricted,
        ordered=row.ordered,
        ordered_at=row.ordered_at,
        hold=row.hold,
        reason=row.reason,
        officer=row.officer,
        approval=row.approval,
        destroyed_at=row.destroyed_at,
        shredded_at=row.shredded_at,
        certificate=row.certificate,
        countersigned=row.countersigned,
    )
