"""Whole pages of the log, as an inspection reads them: quickly, by ranges, and just as they are stored."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.store.entries import SealedOpening
from services.audit.store.index import edge
from services.audit.tables import (
    cosignature,
    inbox,
    index_list,
    index_node,
    index_root,
    log_entry,
    opening,
    policy,
    tree_node,
)
from shared.protocol.merkle import Frontier


class Row(NamedTuple):
    """An entry with its columns."""

    at: int
    body: bytes
    event_id: str
    seq_time: datetime
    peer: str | None
    peer_seq: int | None
    case_ref: str | None
    case_seq: int | None


_ENTRY = log_entry.c
_ENTRIES = sa.select(
    _ENTRY.idx,
    _ENTRY.body,
    _ENTRY.event_id,
    _ENTRY.seq_time,
    _ENTRY.peer,
    _ENTRY.peer_seq,
    _ENTRY.case_ref,
    _ENTRY.case_seq,
).order_by(_ENTRY.idx)


def entries(db: Session, indexes: range) -> list[Row]:
    """The entries of a range, by index."""
    within = sa.and_(_ENTRY.idx >= indexes.start, _ENTRY.idx < indexes.stop)
    return list(map(Row._make, db.execute(_ENTRIES.where(within)).all()))


def nodes(db: Session, indexes: range) -> dict[int, bytes]:
    """The nodes that stand over no other leaves than these, by position."""
    at = tree_node.c.position
    within = sa.and_(at >= 2 * indexes.start, at < 2 * indexes.stop)
    return dict(db.execute(sa.select(at, tree_node.c.hash).where(within)).all())


def some_nodes(db: Session, positions: list[int]) -> dict[int, bytes]:
    """The nodes at these few positions; one that is not there is left out."""
    at = tree_node.c.position
    rows = db.execute(sa.select(at, tree_node.c.hash).where(at.in_(positions)))
    return dict(rows.all())


def count_nodes(db: Session, size: int) -> int:
    """How many nodes are stored over the first leaves."""
    query = sa.select(sa.func.count()).where(tree_node.c.position < 2 * size)
    count: int = db.execute(query).scalar_one()
    return count


def openings(db: Session, indexes: range) -> list[SealedOpening]:
    """The openings of a range of entries that are not erased."""
    within = sa.and_(opening.c.idx >= indexes.start, opening.c.idx < indexes.stop)
    columns = (opening.c.idx, opening.c.name, opening.c.owner, opening.c.salt, opening.c.sealed)
    rows = db.execute(sa.select(*columns).where(within).order_by(opening.c.idx, opening.c.name))
    return [
        SealedOpening(index=index, name=name, owner=owner, salt=salt, sealed=sealed)
        for index, name, owner, salt, sealed in rows
    ]


def first_misplaced(db: Session, indexes: range) -> int | None:
    """The first entry of a range whose event has another index, or none, in the inbox.

    The entry that opens a log was no event.
    """
    placed = sa.outerjoin(log_entry, inbox, inbox.c.event_id == _ENTRY.event_id)
    wrong = sa.or_(inbox.c.idx.is_(None), inbox.c.idx != _ENTRY.idx)
    within = sa.and_(_ENTRY.idx >= max(indexes.start, 1), _ENTRY.idx < indexes.stop)
    query = sa.select(_ENTRY.idx).select_from(placed).where(within, wrong)
    found: int | None = db.execute(query.order_by(_ENTRY.idx).limit(1)).scalar_one_or_none()
    return found


def lines(db: Session, sizes: range) -> dict[int, frozenset[str]]:
    """What witnesses signed under the checkpoints of these sizes: the lines, by size."""
    within = sa.and_(cosignature.c.size >= sizes.start, cosignature.c.size < sizes.stop)
    found: dict[int, set[str]] = {}
    for size, line in db.execute(sa.select(cosignature.c.size, cosignature.c.line).where(within)):
        found.setdefault(size, set()).add(line)
    return {size: frozenset(each) for size, each in found.items()}


def file_damage(db: Session) -> str | None:
    """What SQLite says of its own file: rows and their indexes. PostgreSQL has page checksums for that."""
    if db.get_bind().dialect.name != "sqlite":
        return None
    said: str = db.execute(sa.text("PRAGMA integrity_check(1)")).scalars().one()
    return None if said == "ok" else said


def policies(db: Session) -> list[str]:
    """The texts of all policies that the log has noted."""
    return list(db.execute(sa.select(policy.c.text).order_by(policy.c.number)).scalars())


def index_roots(db: Session, size: int) -> dict[int, bytes]:
    """The roots of the index whose entries are among the first ones, by how many entries they cover."""
    noted = sa.join(index_root, inbox, inbox.c.event_id == index_root.c.event_id)
    query = sa.select(index_root.c.size, index_root.c.root).select_from(noted)
    return dict(db.execute(query.where(inbox.c.idx < size)).all())


def index_lists(db: Session, after: bytes, limit: int) -> list[tuple[bytes, Frontier]]:
    """The right edges of lists of the index, by key."""
    query = sa.select(index_list).where(index_list.c.key > after)
    return [
        (row.key, edge(row.size, row.peaks))
        for row in db.execute(query.order_by(index_list.c.key).limit(limit))
    ]


def index_nodes(db: Session, after: bytes, limit: int) -> list[tuple[bytes, bytes, bool]]:
    """Nodes of the index by hash: hash, record, and whether the trie has it now."""
    columns = (index_node.c.hash, index_node.c.record, index_node.c.gone.is_(None))
    query = sa.select(*columns).where(index_node.c.hash > after)
    rows = db.execute(query.order_by(index_node.c.hash).limit(limit))
    return [(made, record, live) for made, record, live in rows]


def count_keyed(db: Session, size: int) -> int:
    """In how many lists of the index the first entries stand together."""
    count = sa.func.count(_ENTRY.case_ref) + sa.func.count(_ENTRY.peer)
    found: int = db.execute(sa.select(count).where(_ENTRY.idx < size)).scalar_one()
    return found


def count_taken(db: Session, size: int) -> int:
    """How many events of the inbox have an index below this size."""
    query = sa.select(sa.func.count()).where(inbox.c.idx < size)
    count: int = db.execute(query).scalar_one()
    return count
