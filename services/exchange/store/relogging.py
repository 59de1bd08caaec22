"""Which of our logs has an entry; and what is done when that log died before the entry was shown."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.states import EntryState
from services.exchange.store.entries import StoredEntry
from services.exchange.tables import EntryRow
from shared.protocol import leaves


def log_of(entry: StoredEntry) -> str:
    """Name the log that has an entry of ours; it must have been logged."""
    assert entry.leaf is not None
    return leaves.parse(entry.leaf).log


def forget_place(db: Session, digest: str) -> None:
    """Let an entry be logged anew: the log that had it ended before it, and nobody was shown it there."""
    db.execute(
        sa.update(EntryRow)
        .where(EntryRow.hash == digest, EntryRow.state == EntryState.LOGGED)
        .values(state=EntryState.SIGNED, leaf=None, log_index=None, proof=None, due_at=None)
    )
