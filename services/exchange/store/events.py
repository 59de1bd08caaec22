"""SQL of the outbox to audit: what happened, written with the fact it tells."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.tables import EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An event that the log does not have yet."""

    event_id: str
    payload: bytes  # canonical JSON
    entry_hash: str | None  # of our own entry that the log's answer is for
    attempts: int


def post(
    db: Session, *, event_id: str, payload: bytes, entry_hash: str | None, now: datetime
) -> None:
    """Put an event (canonical JSON) in the outbox, in the caller's transaction."""
    db.add(
        EventRow(
            event_id=event_id,
            payload=payload,
            entry_hash=entry_hash,
            attempts=0,
            due_at=now,
            done=False,
            created_at=now,
        )
    )
    db.flush()


def due(db: Session, now: datetime, limit: int) -> list[Pending]:
    """Return the oldest events that are due, in the order they were posted."""
    query = sa.select(EventRow).where(EventRow.done.is_(False), EventRow.due_at <= now)
    rows = db.scalars(query.order_by(EventRow.position).limit(limit))
    return [
        Pending(
            event_id=row.event_id,
            payload=row.payload,
            entry_hash=row.entry_hash,
            attempts=row.attempts,
        )
        for row in rows
    ]


def set_done(db: Session, event_id: str, index: int) -> None:
    """Note where the log has an event, and forget what it told of people: the log keeps commitments."""
    db.execute(
        sa.update(EventRow)
        .where(EventRow.event_id == event_id)
        .values(done=True, log_index=index, payload=b"")
    )


def postpone(db: Session, event_id: str, due_at: datetime) -> None:
    """Note that the log did not take an event, and when it is offered again."""
    db.execute(
        sa.update(EventRow)
        .where(EventRow.event_id == event_id)
        .values(attempts=EventRow.attempts + 1, due_at=due_at)
    )


def hasten(db: Session, now: datetime) -> None:
    """Make everything that waits due now."""
    db.execute(sa.update(EventRow).where(EventRow.done.is_(False)).values(due_at=now))


def backlog(db: Session) -> tuple[int, datetime | None]:
    """Return how many events wait for the log, and since when the oldest does."""
    query = sa.select(sa.func.count(), sa.func.min(EventRow.created_at))
    count, oldest = db.execute(query.where(EventRow.done.is_(False))).one()
    return count, oldest
