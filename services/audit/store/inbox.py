"""Events that were taken and are to be sequenced, and for ever after the index that each one got."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import inbox
from shared.runtime.database import UtcDateTime

_INSERT = sa.text(
    "INSERT INTO inbox (event_id, tag, received_at, payload)"
    " VALUES (:event_id, :tag, :received_at, :payload) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("received_at", type_=UtcDateTime()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A sealed event with its keyed digest."""

    event_id: str
    tag: bytes
    payload: bytes


def add(db: Session, letters: Sequence[Letter], now: datetime) -> None:
    """Take events; one whose id is known already stays as it is."""
    rows = [
        {"event_id": each.event_id, "tag": each.tag, "payload": each.payload, "received_at": now}
        # Always in one order, so that two calls with the same ids cannot wait for each other.
        for each in sorted(letters, key=lambda each: each.event_id)
    ]
    db.execute(_INSERT, rows)


def tags(db: Session, event_ids: Sequence[str]) -> dict[str, bytes]:
    """The keyed digests of these events."""
    query = sa.select(inbox.c.event_id, inbox.c.tag).where(inbox.c.event_id.in_(event_ids))
    return {row.event_id: row.tag for row in db.execute(query)}


def places(db: Session, event_ids: Sequence[str]) -> dict[str, int]:
    """The indexes of those of these events that are sequenced."""
    known = inbox.c.event_id.in_(event_ids) & inbox.c.idx.is_not(None)
    rows = db.execute(sa.select(inbox.c.event_id, inbox.c.idx).where(known))
    return {row.event_id: row.idx for row in rows}


def waiting(db: Session, limit: int) -> list[Letter]:
    """The events to sequence next, in the order in which they came."""
    query = (
        sa.select(inbox.c.event_id, inbox.c.tag, inbox.c.payload)
        .where(inbox.c.idx.is_(None))
        .order_by(inbox.c.received_at, inbox.c.event_id)
        .limit(limit)
    )
    return [
        Letter(event_id=row.event_id, tag=row.tag, payload=row.payload) for row in db.execute(query)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many events wait, and since when the first."""

    count: int
    oldest: datetime | None


def depth(db: Session) -> Depth:
    """What waits to be sequenced."""
    query = sa.select(sa.func.count(), sa.func.min(inbox.c.received_at, type_=UtcDateTime()))
    count, oldest = db.execute(query.where(inbox.c.idx.is_(None))).one()
    return Depth(count=count, oldest=oldest)


def settle(db: Session, places: Mapping[str, int]) -> None:
    """Note the indexes that events got, and forget what they said."""
    statement = (
        inbox.update()
        .where(inbox.c.event_id == sa.bindparam("key"))
        .values(idx=sa.bindparam("place"), payload=None)
    )
    rows = [{"key": event_id, "place": index} for event_id, index in places.items()]
    if rows:
        db.connection().execute(statement, rows)
