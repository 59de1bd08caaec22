"""Writes under a key of their caller's, kept for as long as they may come again."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from services.exchange.records import Repeat
from services.exchange.tables import RepeatRow

LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL: `lock_timeout` is over


class BusyError(Exception):
    """The write that has the key goes on in another process, longer than we wait."""


def claim(db: Session, repeat: Repeat) -> Repeat | None:
    """Keep a write under its key; or return the one that has it.

    Of two at once, the second waits here for the end of the first one's transaction.

    Raises:
        BusyError: it did not end.
    """
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {name: getattr(repeat, name) for name in ("client_id", "key", "digest", "subject", "at")}
    kept = insert(RepeatRow).values(row).on_conflict_do_nothing().returning(RepeatRow.key)
    try:
        if db.execute(kept).first() is not None:
            return None
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise BusyError from error
        raise
    found = db.get_one(RepeatRow, (repeat.client_id, repeat.key))
    return Repeat(
        client_id=found.client_id,
        key=found.key,
        digest=found.digest,
        subject=found.subject,
        at=found.at,
    )


def forget(db: Session, before: datetime) -> None:
    """Forget the writes of before a moment."""
    db.execute(sa.delete(RepeatRow).where(RepeatRow.at < before))
