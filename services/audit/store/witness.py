"""What our witness knows of other countries' logs; nothing of it is ever changed or removed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import (
    witness_cosignature,
    witness_evidence,
    witness_head,
    witness_key,
    witness_note,
)
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.witnessing import monitoring_path
from shared.runtime.database import UtcDateTime

MOST_OTHERS = 4  # of a log that signs a new root each time, the first ones convict it

_LAY_HEAD = sa.text(
    "INSERT INTO witness_head (origin, place, size) VALUES (:origin, :place, 0)"
    " ON CONFLICT DO NOTHING"
)
_KEEP_NOTE = sa.text(
    "INSERT INTO witness_note (origin, size, root, note, reason, seen_at)"
    " VALUES (:origin, :size, :root, :note, :reason, :at) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("at", type_=UtcDateTime()))
# Another root at this size is no conflict to pass over: the index of one root for one size refuses it.
_KEEP_COSIGNATURE = sa.text(
    "INSERT INTO witness_cosignature (origin, size, root, lines, cosigned_at)"
    " VALUES (:origin, :size, :root, :lines, :at) ON CONFLICT (origin, size, root) DO NOTHING"
).bindparams(sa.bindparam("at", type_=UtcDateTime()))
_KEEP_EVIDENCE = sa.text(
    "INSERT INTO witness_evidence (name, origin, evidence, found_at)"
    " VALUES (:name, :origin, :evidence, :at) ON CONFLICT DO NOTHING RETURNING name"
).bindparams(sa.bindparam("at", type_=UtcDateTime()))
_KEEP_KEY = sa.text(
    "INSERT INTO witness_key (origin, vkey, since) VALUES (:origin, :vkey, :at)"
    " ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("at", type_=UtcDateTime()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file of evidence as kept."""

    name: str
    origin: str
    evidence: bytes
    found_at: datetime


def lock(db: Session, origin: str) -> str | None:
    """Give the note cosigned last of a log, and let nobody else judge this log until the commit."""
    db.execute(_LAY_HEAD, {"origin": origin, "place": monitoring_path(origin)})
    query = sa.select(witness_head.c.note).where(witness_head.c.origin == origin)
    note: str | None = db.execute(query.with_for_update()).scalar_one()
    return note


def heads(db: Session) -> dict[str, str]:
    """The notes cosigned last, by origin."""
    rows = db.execute(sa.select(witness_head).where(witness_head.c.note.is_not(None)))
    return {row.origin: row.note for row in rows}


def newest(db: Session, place: str) -> str | None:
    """Give the note cosigned last, by its monitoring path."""
    query = sa.select(witness_head.c.note).where(witness_head.c.place == place)
    note: str | None = db.execute(query).scalar_one_or_none()
    return note


def accept(db: Session, told: Checkpoint, note: str, lines: str, now: datetime) -> None:
    """Take a checkpoint as the newest of its log, with the lines that cosign it."""
    values = {"origin": told.origin, "size": told.size, "root": told.root}
    db.execute(_KEEP_COSIGNATURE, {**values, "lines": lines, "at": now})
    keep(db, told, note, None, now)
    head = witness_head.update().where(witness_head.c.origin == told.origin)
    db.execute(head.values(size=told.size, note=note + lines))


def keep(db: Session, told: Checkpoint, note: str, reason: str | None, now: datetime) -> None:
    """Keep a note that the log signed, the first of each root; `reason` if it was refused."""
    values = {"origin": told.origin, "size": told.size, "root": told.root, "note": note}
    db.execute(_KEEP_NOTE, {**values, "reason": reason, "at": now})


def others(db: Session, told: Checkpoint) -> list[str]:
    """Give the first notes that this log signed for other roots at the same size."""
    same = (witness_note.c.origin == told.origin) & (witness_note.c.size == told.size)
    query = sa.select(witness_note.c.note).where(same, witness_note.c.root != told.root)
    return list(db.scalars(query.order_by(witness_note.c.seen_at).limit(MOST_OTHERS)))


def refused(db: Session, origin: str, reason: str) -> int:
    """Count the notes of a log that were kept although they were refused for this reason."""
    those = (witness_note.c.origin == origin) & (witness_note.c.reason == reason)
    count: int = db.execute(sa.select(sa.func.count()).where(those)).scalar_one()
    return count


def cosigned_before(db: Session, origin: str, size: int) -> str | None:
    """Give the note of the largest tree, smaller than this, that we cosigned of a log."""
    ours = (witness_cosignature.c.origin == origin) & (witness_cosignature.c.size < size)
    query = (
        sa.select(witness_note.c.note)
        .join(
            witness_cosignature,
            (witness_cosignature.c.origin == witness_note.c.origin)
            & (witness_cosignature.c.size == witness_note.c.size)
            & (witness_cosignature.c.root == witness_note.c.root),
        )
        .where(ours, witness_cosignature.c.size > 0)
        .order_by(witness_cosignature.c.size.desc())
        .limit(1)
    )
    note: str | None = db.execute(query).scalar_one_or_none()
    return note


def suspicious(db: Session, reasons: Sequence[str], limit: int) -> list[str]:
    """Give notes that were refused for one of these reasons, of logs of which nothing is proven yet."""
    proven = sa.select(witness_evidence.c.origin)
    query = (
        sa.select(witness_note.c.note)
        .where(witness_note.c.reason.in_(reasons), witness_note.c.origin.not_in(proven))
        .order_by(witness_note.c.seen_at, witness_note.c.size)
        .limit(limit)
    )
    return list(db.scalars(query))


def keep_evidence(db: Session, found: Found) -> bool:
    """Keep a file of evidence; whether it is a new one."""
    values = {"name": found.name, "origin": found.origin, "evidence": found.evidence}
    kept = db.execute(_KEEP_EVIDENCE, {**values, "at": found.found_at})
    return kept.one_or_none() is not None


def evidence(db: Session) -> list[Found]:
    """All that is held against other logs, the oldest first."""
    query = sa.select(witness_evidence).order_by(
        witness_evidence.c.found_at, witness_evidence.c.name
    )
    return [
        Found(name=row.name, origin=row.origin, evidence=row.evidence, found_at=row.found_at)
        for row in db.execute(query)
    ]


def count_evidence(db: Session, origin: str) -> int:
    """Count the files of evidence against a log."""
    those = witness_evidence.c.origin == origin
    count: int = db.execute(sa.select(sa.func.count()).where(those)).scalar_one()
    return count


def evidence_counts(db: Session) -> dict[str, int]:
    """Count the files of evidence against each log that there are any against."""
    query = sa.select(witness_evidence.c.origin, sa.func.count().label("files"))
    rows = db.execute(query.group_by(witness_evidence.c.origin))
    return {row.origin: row.files for row in rows}


def keys(db: Session, origin: str) -> list[str]:
    """All keys that a log was ever trusted by."""
    query = sa.select(witness_key.c.vkey).where(witness_key.c.origin == origin)
    return list(db.scalars(query.order_by(witness_key.c.since, witness_key.c.vkey)))


def keep_keys(db: Session, origin: str, vkeys: Iterable[str], now: datetime) -> list[str]:
    """Note the keys by which a log is trusted; give all that it was ever trusted by."""
    db.execute(_KEEP_KEY, [{"origin": origin, "vkey": each, "at": now} for each in vkeys])
    return keys(db, origin)
