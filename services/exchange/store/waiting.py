"""Entries whose turn was put off by whoever was asked to take them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.tables import EntryRow


def put_off(db: Session, digest: str, why: str, *, due_at: datetime) -> None:
    """Note why an attempt was none, and when the next is due."""
    values = {"attempts": EntryRow.attempts - 1, "last_error": why, "due_at": due_at}
    db.execute(sa.update(EntryRow).where(EntryRow.hash == digest).values(values))
