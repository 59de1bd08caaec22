"""The logs that this one continues, and what is carried over from one database to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.store.inbox import Letter
from services.audit.tables import (
    closed_log,
    inbox,
    witness_cosignature,
    witness_evidence,
    witness_head,
    witness_key,
    witness_note,
)

# What our witness knows of other countries' logs goes on, whichever log of ours is written to.
_CARRIED = (witness_head, witness_note, witness_cosignature, witness_evidence, witness_key)
_PART = 1000  # rows at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A log that takes no more entries: where it ended, by which note, and every key that signed it."""

    origin: str
    size: int
    root: bytes
    note: str
    vkeys: tuple[str, ...]
    reason: str
    at: datetime


def ended(db: Session) -> list[Ended]:
    """The logs that this one continues, the oldest first."""
    rows = db.execute(sa.select(closed_log).order_by(closed_log.c.number))
    return [
        Ended(
            origin=row.origin,
            size=row.size,
            root=row.root,
            note=row.note,
            vkeys=tuple(row.vkeys.split("\n")),
            reason=row.reason,
            at=row.closed_at,
        )
        for row in rows
    ]


def add_ended(db: Session, logs: Sequence[Ended]) -> None:
    """Note the logs that a new one continues."""
    rows = [
        {
            "number": number,
            "origin": each.origin,
            "size": each.size,
            "root": each.root,
            "note": each.note,
            "vkeys": "\n".join(each.vkeys),
            "reason": each.reason,
            "closed_at": each.at,
        }
        for number, each in enumerate(logs, start=1)
    ]
    db.execute(closed_log.insert(), rows)


def all_waiting(db: Session) -> list[tuple[Letter, datetime]]:
    """Every letter that waits, in the order in which they came, and when that was."""
    query = sa.select(inbox).where(inbox.c.idx.is_(None))
    rows = db.execute(query.order_by(inbox.c.received_at, inbox.c.event_id))
    return [
        (Letter(event_id=row.event_id, tag=row.tag, payload=row.payload), row.received_at)
        for row in rows
    ]


def add_waiting(db: Session, letters: Sequence[tuple[Letter, datetime]]) -> None:
    """Take letters over as they waited."""
    if letters:
        rows = [
            {
                "event_id": letter.event_id,
                "tag": letter.tag,
                "payload": letter.payload,
                "received_at": received_at,
            }
            for letter, received_at in letters
        ]
        db.execute(inbox.insert(), rows)


def carry_over(old: Session, new: Session) -> None:
    """Copy what our witness knows."""
    for table in _CARRIED:
        result = old.execute(sa.select(table).execution_options(yield_per=_PART))
        for part in result.mappings().partitions(_PART):
            new.execute(table.insert(), [dict(row) for row in part])
