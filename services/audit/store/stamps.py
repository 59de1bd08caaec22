"""Time stamps of published checkpoints."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A checkpoint that an authority has stamped, as it was then, and the time that the token states."""

    size: int
    authority: str
    note: str
    token: bytes
    time: datetime


def add(db: Session, made: Stamped, now: datetime) -> None:
    """Keep a stamp; one of the same size and authority that is there stays."""
    if at(db, made.size, made.authority) is None:
        db.execute(
            stamp.insert().values(
                size=made.size,
                authority=made.authority,
                note=made.note,
                token=made.token,
                time=made.time,
                created_at=now,
            )
        )


def at(db: Session, size: int, authority: str) -> Stamped | None:
    """The stamp that an authority gave the checkpoint of this size."""
    return _one(db, sa.and_(stamp.c.size == size, stamp.c.authority == authority))


def newest(db: Session, authority: str) -> Stamped | None:
    """The stamp of an authority over the largest size."""
    return _one(db, stamp.c.authority == authority)


def largest(db: Session) -> int:
    """The largest size that an authority has stamped; 0 before the first."""
    found: int | None = db.execute(sa.select(sa.func.max(stamp.c.size))).scalar_one()
    return found or 0


def page(db: Session, start: int, limit: int) -> list[Stamped]:
    """The first stamps from this size on, by size and authority."""
    query = sa.select(stamp).where(stamp.c.size >= start)
    rows = db.execute(query.order_by(stamp.c.size, stamp.c.authority).limit(limit))
    return [_stamped(row) for row in rows]


def _one(db: Session, which: sa.ColumnElement[bool]) -> Stamped | None:
    query = sa.select(stamp).where(which).order_by(stamp.c.size.desc()).limit(1)
    row = db.execute(query).one_or_none()
    return None if row is None else _stamped(row)


def _stamped(row: sa.Row[tuple[int, str, str, bytes, datetime, datetime]]) -> Stamped:
    return Stamped(
        size=row.size, authority=row.authority, note=row.note, token=row.token, time=row.time
    )
