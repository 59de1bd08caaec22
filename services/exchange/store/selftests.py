"""SQL of the self-tests: the newest one on a channel of ours."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.store import entries
from services.exchange.store.entries import StoredEntry
from services.exchange.tables import EntryRow
from shared.protocol.entries import EntryType


def newest(db: Session, channel: str) -> StoredEntry | None:
    """Return the last self-test that was written to a channel."""
    query = (
        sa.select(EntryRow.epoch, EntryRow.seq)
        .where(EntryRow.channel == channel, EntryRow.type == EntryType.SELFTEST)
        .order_by(EntryRow.epoch.desc(), EntryRow.seq.desc())
        .limit(1)
    )
    place = db.execute(query).first()
    return None if place is None else entries.at(db, channel, place[0], place[1])
