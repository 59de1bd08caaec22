"""The index: how far it is, the lists of its keys, the nodes of its trie, and the roots that were logged."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import inbox, index_head, index_list, index_node, index_root, log_entry
from shared.protocol.indexes import IndexRoot
from shared.protocol.merkle import HASH_SIZE, Frontier

_PARAMETERS = 5000  # in one statement; SQLite takes 32766

_PUT_LIST = sa.text(
    "INSERT INTO index_list (key, size, peaks) VALUES (:key, :size, :peaks)"
    " ON CONFLICT (key) DO UPDATE SET size = excluded.size, peaks = excluded.peaks"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A root that was logged; `index` is None until its entry has its place."""

    size: int
    root: bytes
    event_id: str
    index: int | None
    created_at: datetime


def head(db: Session) -> IndexRoot:
    """How far the index is, and its root there."""
    row = db.execute(sa.select(index_head)).one()
    return IndexRoot(size=row.size, root=row.root)


def move_head(db: Session, old: IndexRoot, new: IndexRoot) -> bool:
    """Compare and swap: False where somebody else has moved it."""
    statement = (
        index_head.update()
        .where(index_head.c.size == old.size, index_head.c.root == old.root)
        .values(size=new.size, root=new.root)
        .returning(index_head.c.id)
    )
    return db.execute(statement).one_or_none() is not None


def forget(db: Session) -> None:
    """Remove lists and nodes; the roots that were logged stay."""
    db.execute(index_node.delete())
    db.execute(index_list.delete())


def waiting_since(db: Session, indexes: range) -> datetime | None:
    """The time of the first entry of a range that has a case or a peer."""
    named = sa.or_(log_entry.c.case_ref.is_not(None), log_entry.c.peer.is_not(None))
    within = sa.and_(log_entry.c.idx >= indexes.start, log_entry.c.idx < indexes.stop)
    query = sa.select(log_entry.c.seq_time).where(within, named)
    return db.execute(query.order_by(log_entry.c.idx).limit(1)).scalar_one_or_none()


def lists(db: Session, keys: Iterable[bytes]) -> dict[bytes, Frontier]:
    """The right edges of the lists of these keys; a new key has an empty one."""
    wanted = sorted(keys)
    found = {key: Frontier() for key in wanted}
    for part in _parts(wanted):
        for row in db.execute(sa.select(index_list).where(index_list.c.key.in_(part))):
            found[row.key] = edge(row.size, row.peaks)
    return found


def edge(size: int, peaks: bytes) -> Frontier:
    """The right edge of a list, as it is kept."""
    hashes = [peaks[at : at + HASH_SIZE] for at in range(0, len(peaks), HASH_SIZE)]
    return Frontier(size=size, hashes=hashes)


def put_lists(db: Session, edges: Mapping[bytes, Frontier]) -> None:
    """Keep the right edges of lists that grew."""
    rows = [
        {"key": key, "size": edge.size, "peaks": b"".join(edge.hashes)}
        for key, edge in sorted(edges.items())
    ]
    if rows:
        db.connection().execute(_PUT_LIST, rows)


def records(db: Session, hashes: AbstractSet[bytes]) -> dict[bytes, bytes]:
    """The nodes of the trie under these hashes; one that is not there is left out."""
    found: dict[bytes, bytes] = {}
    for part in _parts(sorted(hashes)):
        query = sa.select(index_node.c.hash, index_node.c.record)
        found |= {
            row.hash: row.record for row in db.execute(query.where(index_node.c.hash.in_(part)))
        }
    return found


def add_records(db: Session, added: Mapping[bytes, bytes], size: int) -> None:
    """Keep the nodes that the trie of this size has, and none before it had."""
    rows = [{"hash": made, "record": record, "born": size} for made, record in added.items()]
    if rows:
        db.execute(index_node.insert(), rows)


def retire(db: Session, removed: AbstractSet[bytes], *, size: int, logged: int) -> None:
    """Let go of nodes that the trie of this size has no more; `logged` is the last size with a root.

    What came after that root was in no trie that anybody can ask for, and goes at once.
    """
    for part in _parts(sorted(removed)):
        these = index_node.c.hash.in_(part)
        db.execute(index_node.delete().where(these, index_node.c.born > logged))
        db.execute(index_node.update().where(these).values(gone=size))


def prune(db: Session, size: int) -> None:
    """Remove the nodes that no trie from this size on has."""
    db.execute(index_node.delete().where(index_node.c.gone <= size))


def has_prunable(db: Session, size: int) -> bool:
    """Whether `prune` would remove something."""
    query = sa.select(index_node.c.born).where(index_node.c.gone <= size)
    return db.execute(query.limit(1)).one_or_none() is not None


def add_root(db: Session, made: IndexRoot, *, event_id: str, now: datetime) -> None:
    """Note a root that is being logged."""
    values = {"size": made.size, "root": made.root, "event_id": event_id, "created_at": now}
    db.execute(index_root.insert().values(values))


def last_root(db: Session) -> Logged | None:
    """The last root that was put into the log's inbox, wherever it is by now."""
    return _one(db, _roots())


def root_within(db: Session, size: int) -> Logged | None:
    """The newest root whose entry is one of the first `size`."""
    return _one(db, _roots().where(inbox.c.idx < size))


def root_at(db: Session, covered: int) -> Logged | None:
    """The root over so many entries."""
    return _one(db, _roots().where(index_root.c.size == covered))


def root_before(db: Session, time: datetime, size: int) -> Logged | None:
    """The newest root made before a time whose entry is one of the first `size`."""
    return _one(db, _roots().where(inbox.c.idx < size, index_root.c.created_at < time))


def _roots() -> sa.Select[tuple[object, ...]]:
    query: sa.Select[tuple[object, ...]] = sa.select(index_root, inbox.c.idx)
    joined = query.join(inbox, inbox.c.event_id == index_root.c.event_id)
    return joined.order_by(index_root.c.size.desc()).limit(1)


def _one(db: Session, query: sa.Select[tuple[object, ...]]) -> Logged | None:
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    return Logged(
        size=row.size,
        root=row.root,
        event_id=row.event_id,
        index=row.idx,
        created_at=row.created_at,
    )


def _parts(values: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (values[at : at + _PARAMETERS] for at in range(0, len(values), _PARAMETERS))
