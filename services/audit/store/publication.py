"""What witnesses said of our checkpoints, what is shown, and under which policy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.store.tree import Notes
from services.audit.tables import checkpoint, cosignature, policy, published
from shared.runtime.database import UtcDateTime

_COSIGNED = sa.text(
    "INSERT INTO cosignature (size, signer, line, time) VALUES (:size, :signer, :line, :time)"
    " ON CONFLICT DO NOTHING"
)
# Sizes only grow: a leader that was overtaken shows nothing under what others have shown.
_PUBLISHED = sa.text(
    "INSERT INTO published (size, note, created_at) SELECT :size, :note, :created_at"
    " WHERE NOT EXISTS (SELECT 1 FROM published WHERE size >= :size) ON CONFLICT DO NOTHING"
).bindparams(
    sa.bindparam("size", type_=sa.BigInteger),
    sa.bindparam("note", type_=sa.Text),
    sa.bindparam("created_at", type_=UtcDateTime()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A witness's line under a checkpoint of ours: by which key, at which time (seconds since 1970)."""

    size: int
    signer: str
    line: str
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A policy as the log has noted it."""

    number: int
    text: str
    unwitnessed_limit: int
    event_id: str


def add_cosignatures(db: Session, rows: Sequence[Cosigned]) -> None:
    """Keep what a witness signed; the first line of a key under a size stays."""
    values = [
        {"size": each.size, "signer": each.signer, "line": each.line, "time": each.time}
        for each in rows
    ]
    db.execute(_COSIGNED, values)


def cosigned_sizes(db: Session, beyond: int, limit: int) -> list[int]:
    """The newest sizes beyond one that somebody has cosigned, the largest first."""
    query = sa.select(cosignature.c.size).where(cosignature.c.size > beyond).distinct()
    rows = db.execute(query.order_by(cosignature.c.size.desc()).limit(limit))
    return [row.size for row in rows]


def cosignatures(db: Session, size: int) -> dict[str, str]:
    """The lines under a checkpoint, by signer."""
    query = sa.select(cosignature.c.signer, cosignature.c.line).where(cosignature.c.size == size)
    return {row.signer: row.line for row in db.execute(query)}


def last_cosigned(db: Session, signers: Iterable[str]) -> Cosigned | None:
    """The largest checkpoint that one of these keys has cosigned."""
    query = sa.select(cosignature).where(cosignature.c.signer.in_([*signers]))
    row = db.execute(query.order_by(cosignature.c.size.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return Cosigned(size=row.size, signer=row.signer, line=row.line, time=row.time)


def add_published(db: Session, *, size: int, note: str, now: datetime) -> None:
    """Show a checkpoint, unless one of its size or beyond is shown already."""
    db.execute(_PUBLISHED, {"size": size, "note": note, "created_at": now})


_SHOWN = Notes(published)
latest_published = _SHOWN.latest
published_at = _SHOWN.at
first_published = _SHOWN.first
publications = _SHOWN.all


def signed_since(db: Session, beyond: int) -> datetime | None:
    """When the first checkpoint beyond a size was signed."""
    query = sa.select(checkpoint.c.created_at).where(checkpoint.c.size > beyond)
    found: datetime | None = db.execute(
        query.order_by(checkpoint.c.size).limit(1)
    ).scalar_one_or_none()
    return found


def signed_when(db: Session) -> datetime | None:
    """When the newest checkpoint was signed."""
    query = sa.select(checkpoint.c.created_at).order_by(checkpoint.c.size.desc()).limit(1)
    found: datetime | None = db.execute(query).scalar_one_or_none()
    return found


def published_when(db: Session) -> datetime | None:
    """When the newest checkpoint was shown."""
    query = sa.select(published.c.created_at).order_by(published.c.size.desc()).limit(1)
    found: datetime | None = db.execute(query).scalar_one_or_none()
    return found


def noted_policy(db: Session) -> Noted | None:
    """The newest policy that the log has noted."""
    row = db.execute(sa.select(policy).order_by(policy.c.number.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return Noted(
        number=row.number,
        text=row.text,
        unwitnessed_limit=row.unwitnessed_limit,
        event_id=row.event_id,
    )


def note_policy(db: Session, noted: Noted, now: datetime) -> None:
    """Note that another policy is in force."""
    db.execute(
        policy.insert().values(
            number=noted.number,
            text=noted.text,
            unwitnessed_limit=noted.unwitnessed_limit,
            event_id=noted.event_id,
            noted_at=now,
        )
    )
