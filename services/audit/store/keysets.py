"""The sets of keys that signed this log, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import key_set


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The verifier keys of a time, and since when they sign."""

    vkeys: tuple[str, ...]
    noted_at: datetime


def history(db: Session) -> list[KeySet]:
    """Every set, the oldest first."""
    rows = db.execute(sa.select(key_set).order_by(key_set.c.number))
    return [KeySet(vkeys=tuple(row.vkeys.split("\n")), noted_at=row.noted_at) for row in rows]


def add(db: Session, vkeys: Sequence[str], *, event_id: str | None, now: datetime) -> None:
    """Note the set that signs from now on."""
    number = db.execute(sa.select(sa.func.count()).select_from(key_set)).scalar_one()
    db.execute(
        key_set.insert().values(
            number=number + 1, vkeys="\n".join(vkeys), event_id=event_id, noted_at=now
        )
    )


def ever(db: Session) -> list[str]:
    """Every key that ever signed this log."""
    return list(dict.fromkeys(vkey for each in history(db) for vkey in each.vkeys))
