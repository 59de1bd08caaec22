"""Custody records: appended to each item's chain, read as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from services.exchange.custodytables import CustodyRow
from services.exchange.tables import PackageRow

SEALED = "SEALED"
LEFT_OUT = "LEFT_OUT"  # no act on an item of the package: why there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record as it rests; the fields of `custodytables.CustodyRow`."""

    package_id: str
    item_id: str
    country: str
    n: int
    act: str
    digest: str
    mark: bytes | None = None
    sealed: bytes
    at: datetime


def lock(db: Session, package_id: str) -> None:
    """Let nobody else append to the chains of a package until the transaction ends."""
    db.execute(sa.select(PackageRow.id).where(PackageRow.id == package_id).with_for_update())


def add(db: Session, records: Iterable[Kept]) -> None:
    """Append records."""
    rows = [
        {
            "package_id": record.package_id,
            "item_id": record.item_id,
            "country": record.country,
            "n": record.n,
            "act": record.act,
            "digest": record.digest,
            "mark": record.mark,
            "sealed": record.sealed,
            "at": record.at,
        }
        for record in records
    ]
    if rows:
        db.execute(sa.insert(CustodyRow), rows)


def of(db: Session, package_id: str) -> tuple[Kept, ...]:
    """Return every record of a package: item by item, each country's in order."""
    rows = db.scalars(
        sa.select(CustodyRow)
        .where(CustodyRow.package_id == package_id, CustodyRow.act != LEFT_OUT)
        .order_by(CustodyRow.item_id, CustodyRow.n, CustodyRow.country)
    )
    return tuple(_kept(row) for row in rows)


def last(
    db: Session, package_id: str, country: str, items: Iterable[str] | None = None
) -> tuple[Kept, ...]:
    """Return for each item the record that the next one of a country follows.

    It is that country's last, or else the one by which the other sealed the item.
    """
    own = sa.case((CustodyRow.country == country, 1), else_=0)
    place = sa.func.row_number().over(
        partition_by=CustodyRow.item_id, order_by=(own.desc(), CustodyRow.n.desc())
    )
    wanted = sa.select(CustodyRow, place.label("place")).where(
        CustodyRow.package_id == package_id,
        CustodyRow.act != LEFT_OUT,
        sa.or_(CustodyRow.country == country, CustodyRow.act == SEALED),
    )
    if items is not None:
        wanted = wanted.where(CustodyRow.item_id.in_(list(items)))
    ranked = wanted.subquery()
    row = aliased(CustodyRow, ranked)
    return tuple(_kept(each) for each in db.scalars(sa.select(row).where(ranked.c.place == 1)))


def left_out(db: Session, package_id: str) -> tuple[Kept, ...]:
    """Return what was declared and taken out again with a reason."""
    rows = db.scalars(
        sa.select(CustodyRow)
        .where(CustodyRow.package_id == package_id, CustodyRow.act == LEFT_OUT)
        .order_by(CustodyRow.item_id)
    )
    return tuple(_kept(row) for row in rows)


def take_back(db: Session, package_id: str, item_id: str) -> None:
    """Forget that an item was left out: it is declared again."""
    db.execute(
        sa.delete(CustodyRow).where(
            CustodyRow.package_id == package_id,
            CustodyRow.item_id == item_id,
            CustodyRow.act == LEFT_OUT,
        )
    )


def marked(db: Session, package_id: str, item_id: str, mark: bytes) -> bool:
    """Return whether there is a record with this mark."""
    found = sa.select(CustodyRow.n).where(
        CustodyRow.package_id == package_id, CustodyRow.item_id == item_id, CustodyRow.mark == mark
    )
    return db.scalar(found.limit(1)) is not None


def _kept(row: CustodyRow) -> Kept:
    return Kept(
        package_id=row.package_id,
        item_id=row.item_id,
        country=row.country,
        n=row.n,
        act=row.act,
        digest=row.digest,
        mark=row.mark,
        sealed=row.sealed,
        at=row.at,
    )
