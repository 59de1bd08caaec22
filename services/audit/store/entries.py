"""The entries of the log, what was kept beside them, and the openings that may be erased."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.composition import Place
from services.audit.tables import case_key, counterpart, log_entry, opening
from shared.protocol.leaves import Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An entry: its index and the bytes that are hashed."""

    index: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """An entry with the columns that were taken from its body."""

    index: int
    body: bytes
    event_id: str
    seq_time: datetime
    peer: str | None
    peer_seq: int | None
    case_ref: str | None
    case_seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedOpening:
    """An opening as kept: under which key, and sealed."""

    index: int
    name: str
    owner: str
    salt: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLeaf:
    """The peer's leaf of the entry that is logged at `index`, with the proof that came with it."""

    index: int
    leaf: bytes
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries: an index range, and optionally a case or a peer."""

    indexes: range
    case_ref: str | None = None
    peer: str | None = None


def columns(index: int, leaf: Leaf, body: bytes) -> Columns:
    """What is stored of a leaf."""
    return Columns(
        index=index,
        body=body,
        event_id=leaf.event_id,
        seq_time=leaf.seq_time,
        peer=leaf.peer,
        peer_seq=leaf.peer_seq,
        case_ref=leaf.case_ref,
        case_seq=leaf.case_seq,
    )


def add(db: Session, entries: Iterable[Columns]) -> None:
    """Append entries, in order."""
    rows = [{**_values(entry), "idx": entry.index} for entry in entries]
    db.execute(log_entry.insert(), rows)


def page(db: Session, which: Filter, limit: int) -> list[Stored]:
    """The first entries that match, by index."""
    query = sa.select(log_entry.c.idx, log_entry.c.body).where(_within(which))
    rows = db.execute(query.order_by(log_entry.c.idx).limit(limit))
    return [Stored(index=row.idx, body=row.body) for row in rows]


def bodies(db: Session, indexes: Sequence[int]) -> dict[int, bytes]:
    """The bodies at these indexes."""
    query = sa.select(log_entry.c.idx, log_entry.c.body).where(log_entry.c.idx.in_(indexes))
    return {row.idx: row.body for row in db.execute(query)}


def first_since(db: Session, time: datetime, size: int) -> int:
    """The index of the first entry not before `time` among the first `size`; `size` if there is none."""
    query = (
        sa.select(log_entry.c.idx)
        .where(log_entry.c.seq_time >= time, log_entry.c.idx < size)
        .order_by(log_entry.c.seq_time, log_entry.c.idx)
        .limit(1)
    )
    found: int | None = db.execute(query).scalar_one_or_none()
    return size if found is None else found


def next_case_places(db: Session, case_refs: Iterable[str]) -> dict[str, Place]:
    """The place for the next entry of each of these cases."""
    return _next_places(db, case_refs, log_entry.c.case_ref, log_entry.c.case_seq)


def next_peer_places(db: Session, peers: Iterable[str]) -> dict[str, Place]:
    """The place for the next entry about each of these peers."""
    return _next_places(db, peers, log_entry.c.peer, log_entry.c.peer_seq)


def add_counterparts(db: Session, rows: Sequence[PeerLeaf]) -> None:
    """Keep the peer's leaves beside ours."""
    if rows:
        values = [{"idx": each.index, "leaf": each.leaf, "proof": each.proof} for each in rows]
        db.execute(counterpart.insert(), values)


def counterparts(db: Session, indexes: range, limit: int) -> list[PeerLeaf]:
    """The first counterparts within an index range."""
    within = sa.and_(counterpart.c.idx >= indexes.start, counterpart.c.idx < indexes.stop)
    rows = db.execute(sa.select(counterpart).where(within).order_by(counterpart.c.idx).limit(limit))
    return [PeerLeaf(index=row.idx, leaf=row.leaf, proof=row.proof) for row in rows]


def case_keys(db: Session, owners: Iterable[str]) -> dict[str, bytes]:
    """The wrapped keys of these owners; an erased one is left out."""
    rows = db.execute(sa.select(case_key).where(case_key.c.owner.in_(sorted(owners))))
    return {row.owner: row.wrapped for row in rows}


def add_case_keys(db: Session, wrapped: Mapping[str, bytes]) -> None:
    """Keep new keys."""
    if wrapped:
        values = [{"owner": owner, "wrapped": key} for owner, key in wrapped.items()]
        db.execute(case_key.insert(), values)


def add_openings(db: Session, rows: Sequence[SealedOpening]) -> None:
    """Keep openings."""
    if rows:
        values = [
            {
                "idx": each.index,
                "name": each.name,
                "owner": each.owner,
                "salt": each.salt,
                "sealed": each.sealed,
            }
            for each in rows
        ]
        db.execute(opening.insert(), values)


def count_openings(db: Session, owner: str) -> int:
    """How many openings of this owner are kept."""
    query = sa.select(sa.func.count()).select_from(opening).where(opening.c.owner == owner)
    count: int = db.execute(query).scalar_one()
    return count


def erase(db: Session, owner: str) -> None:
    """Destroy the key of an owner's openings, and the openings."""
    if db.get_bind().dialect.name == "sqlite":
        # What is deleted is overwritten in the file; elsewhere vacuuming does that.
        db.execute(sa.text("PRAGMA secure_delete = ON"))
    db.execute(case_key.delete().where(case_key.c.owner == owner))
    db.execute(opening.delete().where(opening.c.owner == owner))


def openings(db: Session, indexes: Sequence[int]) -> list[SealedOpening]:
    """The openings of these entries that are not erased."""
    query = sa.select(opening).where(opening.c.idx.in_(indexes))
    rows = db.execute(query.order_by(opening.c.idx, opening.c.name))
    return [
        SealedOpening(
            index=row.idx, name=row.name, owner=row.owner, salt=row.salt, sealed=row.sealed
        )
        for row in rows
    ]


def _values(entry: Columns) -> dict[str, object]:
    return {
        "body": entry.body,
        "event_id": entry.event_id,
        "seq_time": entry.seq_time,
        "peer": entry.peer,
        "peer_seq": entry.peer_seq,
        "case_ref": entry.case_ref,
        "case_seq": entry.case_seq,
    }


def _within(which: Filter) -> sa.ColumnElement[bool]:
    terms = [log_entry.c.idx >= which.indexes.start, log_entry.c.idx < which.indexes.stop]
    if which.case_ref is not None:
        terms.append(log_entry.c.case_ref == which.case_ref)
    if which.peer is not None:
        terms.append(log_entry.c.peer == which.peer)
    return sa.and_(*terms)


def _next_places(
    db: Session, owners: Iterable[str], owner: sa.Column[str], seq: sa.Column[int]
) -> dict[str, Place]:
    """One statement for all: of each owner the last entry, by one look at the index."""
    wanted = sorted({*owners})
    if not wanted:
        return {}
    rows = [(each,) for each in wanted]
    asked = sa.values(sa.column("name", sa.Text), name="asked").data(rows).cte("asked")
    other = log_entry.alias("other")
    last = sa.select(sa.func.max(other.c.idx)).where(other.c[owner.name] == asked.c.name)
    query = (
        sa.select(asked.c.name, log_entry.c.idx, seq.label("seq"))
        .select_from(asked)
        .join(log_entry, log_entry.c.idx == last.correlate(asked).scalar_subquery())
    )
    found = {row.name: Place(row.seq).after(row.idx) for row in db.execute(query)}
    return {each: found.get(each, Place()) for each in wanted}
