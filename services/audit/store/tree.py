"""The head, the tree under it and its checkpoints."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import checkpoint, log_entry, log_head, tree_node
from shared.protocol.merkle import EMPTY_ROOT, Frontier, Node, complete

MAX_SIZE = 2**62  # beyond it a node's position has no 64 bits
_PARAMETERS = 5000  # in one statement; SQLite takes 32766


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log stands: all of its entries are durable."""

    size: int
    root: bytes
    epoch: int
    last_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint as stored."""

    size: int
    note: str


def head(db: Session) -> Head | None:
    """The head, or None before the log is opened."""
    row = db.execute(sa.select(log_head)).one_or_none()
    if row is None:
        return None
    return Head(size=row.size, root=row.root, epoch=row.epoch, last_time=row.last_time)


def create_head(db: Session, now: datetime) -> Head:
    """Lay the one head row of a new log."""
    made = Head(size=0, root=EMPTY_ROOT, epoch=0, last_time=now)
    db.execute(
        log_head.insert().values(
            id=1, size=made.size, root=made.root, epoch=made.epoch, last_time=made.last_time
        )
    )
    return made


def take_lead(db: Session, known: int) -> int:
    """Raise the epoch over all that are known, so that no earlier sequencer can move the head again."""
    newer = sa.case((log_head.c.epoch < known, known), else_=log_head.c.epoch) + 1
    statement = log_head.update().values(epoch=newer).returning(log_head.c.epoch)
    epoch: int = db.execute(statement).scalar_one()
    return epoch


def move_head(db: Session, old: Head, *, size: int, root: bytes, time: datetime) -> bool:
    """Compare and swap: False where the head is no longer `old`, in size or in epoch."""
    statement = (
        log_head.update()
        .where(log_head.c.size == old.size, log_head.c.epoch == old.epoch)
        .values(size=size, root=root, last_time=time)
        .returning(log_head.c.size)
    )
    return db.execute(statement).one_or_none() is not None


def add_nodes(db: Session, nodes: Iterable[tuple[Node, bytes]]) -> None:
    """Store subtrees that became complete."""
    rows = [{"position": position(node), "hash": made} for node, made in nodes]
    db.execute(tree_node.insert(), rows)


def nodes(db: Session, wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of these complete subtrees; one that is not there is left out."""
    places = {position(node): node for node in wanted}
    found: dict[Node, bytes] = {}
    for part in _parts(sorted(places)):
        query = sa.select(tree_node.c.position, tree_node.c.hash)
        rows = db.execute(query.where(tree_node.c.position.in_(part)))
        found |= {places[row.position]: row.hash for row in rows}
    return found


def reaches_past_head(db: Session) -> bool:
    """Whether there are entries or nodes that the head does not count; seen in one moment."""
    past = sa.or_(
        sa.exists().where(log_entry.c.idx >= log_head.c.size),
        sa.exists().where(tree_node.c.position >= 2 * log_head.c.size),
    )
    return db.execute(sa.select(log_head.c.id).where(past)).one_or_none() is not None


def frontier(db: Session, size: int) -> Frontier:
    """The right edge of the tree at this size.

    Raises:
        KeyError: a node is missing.
    """
    edge = complete(0, size)
    known = nodes(db, edge)
    return Frontier(size=size, hashes=[known[node] for node in edge])


def add_checkpoint(db: Session, *, size: int, note: str, now: datetime) -> None:
    """Keep a signed checkpoint; the one that is there stays."""
    if checkpoint_at(db, size) is None:
        db.execute(checkpoint.insert().values(size=size, note=note, created_at=now))


class Notes:
    """The notes of one table, by the size of the tree that each is over."""

    def __init__(self, table: sa.Table) -> None:
        """Take a table with the columns `size` and `note`."""
        self._rows, self._size = sa.select(table.c.size, table.c.note), table.c.size

    def latest(self, db: Session) -> Signed | None:
        """The newest."""
        return self._one(db, self._rows.order_by(self._size.desc()).limit(1))

    def at(self, db: Session, size: int) -> Signed | None:
        """That of exactly this size."""
        return self._one(db, self._rows.where(self._size == size))

    def first(self, db: Session, sizes: range) -> Signed | None:
        """The smallest whose size lies in a range."""
        return self._one(db, self._within(sizes).limit(1))

    def all(self, db: Session, sizes: range) -> list[Signed]:
        """All whose sizes lie in a range, the smallest first."""
        return [Signed(size=row.size, note=row.note) for row in db.execute(self._within(sizes))]

    def _within(self, sizes: range) -> sa.Select[tuple[int, str]]:
        within = sa.and_(self._size >= sizes.start, self._size < sizes.stop)
        return self._rows.where(within).order_by(self._size)

    def _one(self, db: Session, query: sa.Select[tuple[int, str]]) -> Signed | None:
        row = db.execute(query).one_or_none()
        return None if row is None else Signed(size=row.size, note=row.note)


_SIGNED = Notes(checkpoint)
latest_checkpoint = _SIGNED.latest
checkpoint_at = _SIGNED.at
first_checkpoint = _SIGNED.first
checkpoints = _SIGNED.all


def position(node: Node) -> int:
    """The in-order number of a node (tables.py)."""
    level, n = node
    return (n << level + 1) + (1 << level) - 1


def _parts(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[at : at + _PARAMETERS] for at in range(0, len(values), _PARAMETERS))
