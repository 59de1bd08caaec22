"""SQL of what we know of the peers' logs, and of what they contradicted themselves in."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.peertables import ContradictionRow, DeliveredLogRow, PeerLogRow
from shared.protocol.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLog:
    """The last checkpoint kept of a peer's log."""

    checkpoint: Checkpoint
    note: str  # as it was signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two signed things of a peer that cannot both be true."""

    peer: str
    kind: str  # "fork" or "log"
    first: bytes
    second: bytes
    at: datetime


def kept_log(db: Session, peer: str) -> KeptLog | None:
    """Return the last checkpoint kept of a peer's log, and keep others from replacing it."""
    db.execute(sa.update(PeerLogRow).where(PeerLogRow.peer == peer).values(peer=peer))
    row = db.get(PeerLogRow, peer, populate_existing=True)
    if row is None:
        return None
    checkpoint = Checkpoint(origin=row.origin, size=row.size, root=row.root)
    return KeptLog(checkpoint=checkpoint, note=row.checkpoint)


def keep_log(db: Session, peer: str, kept: KeptLog) -> None:
    """Keep a checkpoint in place of the one before, which the caller has found consistent with it."""
    db.merge(
        PeerLogRow(
            peer=peer,
            origin=kept.checkpoint.origin,
            size=kept.checkpoint.size,
            root=kept.checkpoint.root,
            checkpoint=kept.note,
        )
    )
    db.flush()


def delivered_size(db: Session, peer: str) -> int:
    """Return the size of our own log that a peer last accepted; 0 for none."""
    row = db.get(DeliveredLogRow, peer, populate_existing=True)
    return 0 if row is None else row.size


def set_delivered_size(db: Session, peer: str, size: int) -> None:
    """Note the size of our own log that a peer knows."""
    db.merge(DeliveredLogRow(peer=peer, size=size))
    db.flush()


def add_contradiction(db: Session, found: Contradiction) -> None:
    """Keep both sides of a contradiction; the same one again is one."""
    same = sa.select(ContradictionRow.id).where(
        ContradictionRow.peer == found.peer,
        ContradictionRow.kind == found.kind,
        ContradictionRow.first == found.first,
        ContradictionRow.second == found.second,
    )
    if db.scalar(same.limit(1)) is None:
        db.add(
            ContradictionRow(
                peer=found.peer,
                kind=found.kind,
                first=found.first,
                second=found.second,
                at=found.at,
            )
        )
        db.flush()


def contradictions(db: Session, peer: str) -> list[Contradiction]:
    """Return what a peer contradicted itself in, oldest first."""
    query = sa.select(ContradictionRow).where(ContradictionRow.peer == peer)
    return [
        Contradiction(peer=row.peer, kind=row.kind, first=row.first, second=row.second, at=row.at)
        for row in db.scalars(query.order_by(ContradictionRow.id))
    ]
