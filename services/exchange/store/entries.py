"""SQL of the entries: the signed bytes, and how far each of ours has got."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from services.exchange.states import Direction, EntryState
from services.exchange.tables import ChannelRow, EntryRow

PAGE = 50  # entries in one answer to a peer: at most about 1 MiB each, 10 KiB as a rule
_WAITING = (EntryState.SIGNED, EntryState.LOGGED, EntryState.WITNESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """The signed bytes of an entry as they are, and what was read from them."""

    channel: str
    epoch: int
    seq: int
    hash: str  # hex96
    prev: str  # hex96
    type: str
    direction: Direction
    request_id: str | None
    transfer_id: str | None
    about_hash: str | None  # of receipts: the entry they are about
    outcome: str | None  # of receipts: their kind
    jws: bytes
    state: EntryState
    created_at: datetime
    leaf: bytes | None = None
    log_index: int | None = None
    proof: str | None = None
    attempts: int = 0
    due_at: datetime | None = None
    last_error: str | None = None
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A place in a chain, as it is on record."""

    channel: str
    epoch: int
    seq: int
    prev: str
    hash: str
    type: str
    at: datetime


_FIELDS = tuple(StoredEntry.__dataclass_fields__)
_IN_ORDER = (EntryRow.epoch, EntryRow.seq)


def insert(db: Session, entry: StoredEntry) -> None:
    """Keep an entry; a second one at its place, or with its hash, breaks the transaction."""
    db.add(EntryRow(**{name: getattr(entry, name) for name in _FIELDS}))
    db.flush()


def at(db: Session, channel: str, epoch: int, seq: int) -> StoredEntry | None:
    """Return the entry at a place."""
    row = db.get(EntryRow, (channel, epoch, seq), populate_existing=True)
    return None if row is None else entry_of(row)


def by_hash(db: Session, digest: str) -> StoredEntry | None:
    """Return the entry with a hash."""
    return _first(db, sa.select(EntryRow).where(EntryRow.hash == digest))


def of_request(db: Session, request_id: str) -> list[StoredEntry]:
    """Return every entry of a case, both directions, each in the order of its channel."""
    query = sa.select(EntryRow).where(EntryRow.request_id == request_id)
    return _all(db, query.order_by(EntryRow.channel, *_IN_ORDER))


def since(db: Session, channel: str, epoch: int, seq: int) -> list[StoredEntry]:
    """Return at most `PAGE` entries of a channel from a place on."""
    query = sa.select(EntryRow).where(EntryRow.channel == channel).where(_not_before(epoch, seq))
    return _all(db, query.order_by(*_IN_ORDER).limit(PAGE))


def walk(db: Session, channel: str) -> Iterator[StoredEntry]:
    """Give every entry of a channel in order, a few in memory at a time."""
    query = sa.select(EntryRow).where(EntryRow.channel == channel).order_by(*_IN_ORDER)
    for row in db.scalars(query.execution_options(yield_per=PAGE, populate_existing=True)):
        yield entry_of(row)


def links(db: Session, channel: str) -> list[Link]:
    """Return every place of a channel in order, without the signed bytes."""
    columns = (
        EntryRow.channel,
        EntryRow.epoch,
        EntryRow.seq,
        EntryRow.prev,
        EntryRow.hash,
        EntryRow.type,
        EntryRow.created_at,
    )
    query = sa.select(*columns).where(EntryRow.channel == channel).order_by(*_IN_ORDER)
    return [
        Link(
            channel=row.channel,
            epoch=row.epoch,
            seq=row.seq,
            prev=row.prev,
            hash=row.hash,
            type=row.type,
            at=row.created_at,
        )
        for row in db.execute(query)
    ]


def receipts(db: Session, digest: str, direction: Direction | None = None) -> list[StoredEntry]:
    """Return the receipts about an entry, oldest first."""
    query = sa.select(EntryRow).where(EntryRow.about_hash == digest).order_by(EntryRow.created_at)
    if direction is not None:
        query = query.where(EntryRow.direction == direction)
    return _all(db, query)


def latest_about(db: Session, transfer_id: str) -> StoredEntry | None:
    """Return the newest entry of our own about a transfer."""
    query = sa.select(EntryRow).where(
        EntryRow.transfer_id == transfer_id, EntryRow.direction == Direction.OUT
    )
    return _first(db, query.order_by(EntryRow.epoch.desc(), EntryRow.seq.desc()).limit(1))


def next_to_send(db: Session, channel: str) -> StoredEntry | None:
    """Return the first entry of our channel that the peer does not have.

    Asked for by state alone, which has an index: few wait, whereas a channel grows for ever.
    """
    waiting = sa.select(EntryRow.channel, EntryRow.epoch, EntryRow.seq).where(
        EntryRow.direction == Direction.OUT, EntryRow.state.in_(_WAITING)
    )
    places = [(*place,) for place in db.execute(waiting) if place[0] == channel]
    return at(db, *min(places)) if places else None


def is_due(db: Session, channel: str, now: datetime) -> bool:
    """Return whether the first entry of our channel that the peer lacks may be sent now."""
    entry = next_to_send(db, channel)
    if entry is None or entry.state is not EntryState.WITNESSED:
        return False
    return entry.due_at is None or entry.due_at <= now


def silent(db: Session, types: tuple[str, ...], written_before: datetime) -> list[StoredEntry]:
    """Return our entries of these types, in open channels, that nobody has said anything about."""
    receipt = aliased(EntryRow)
    answered = sa.exists().where(receipt.about_hash == EntryRow.hash)
    frozen = sa.select(ChannelRow.channel).where(ChannelRow.frozen.is_not(None))
    query = sa.select(EntryRow).where(
        EntryRow.direction == Direction.OUT,
        EntryRow.type.in_(types),
        EntryRow.created_at < written_before,
        EntryRow.channel.not_in(frozen),
        ~answered,
    )
    return _all(db, query.order_by(EntryRow.created_at).limit(PAGE))


def set_logged(db: Session, digest: str, *, leaf: bytes, index: int) -> None:
    """Note the place that the log has given our entry, if that is news."""
    db.execute(
        sa.update(EntryRow)
        .where(EntryRow.hash == digest, EntryRow.state == EntryState.SIGNED)
        .values(state=EntryState.LOGGED, leaf=leaf, log_index=index, due_at=None)
    )


def unwitnessed(db: Session, now: datetime, limit: int) -> list[StoredEntry]:
    """Return our oldest entries that the log has, and no proof that the peer would take."""
    query = sa.select(EntryRow).where(
        EntryRow.direction == Direction.OUT,
        EntryRow.state == EntryState.LOGGED,
        sa.or_(EntryRow.due_at.is_(None), EntryRow.due_at <= now),
    )
    return _all(db, query.order_by(EntryRow.log_index).limit(limit))


def set_witnessed(db: Session, digest: str, proof: str, now: datetime) -> bool:
    """Note the proof of our entry with which it may leave; False when there was one already."""
    witnessed = db.scalar(
        sa.update(EntryRow)
        .where(EntryRow.hash == digest, EntryRow.state == EntryState.LOGGED)
        .values(
            state=EntryState.WITNESSED,
            proof=proof,
            attempts=0,
            due_at=now,
            last_error=None,
            failing_since=None,
        )
        .returning(EntryRow.hash)
    )
    return witnessed is not None


def prove_again(db: Session, digest: str) -> None:
    """Let a proof that the peer does not take be followed by a newer one."""
    db.execute(
        sa.update(EntryRow)
        .where(EntryRow.hash == digest, EntryRow.state == EntryState.WITNESSED)
        .values(state=EntryState.LOGGED, due_at=None)
    )


def set_delivered(db: Session, digest: str) -> None:
    """Note that the peer has an entry of ours."""
    db.execute(
        sa.update(EntryRow)
        .where(EntryRow.hash == digest)
        .values(
            state=EntryState.DELIVERED, attempts=0, due_at=None, last_error=None, failing_since=None
        )
    )


def claim(db: Session, entry: StoredEntry, now: datetime, until: datetime) -> bool:
    """Take an entry for one attempt; False when another courier has it, or it is not yet due."""
    claimed = db.execute(
        sa.update(EntryRow)
        .where(
            EntryRow.hash == entry.hash,
            EntryRow.state == EntryState.WITNESSED,
            EntryRow.attempts == entry.attempts,
            sa.or_(EntryRow.due_at.is_(None), EntryRow.due_at <= now),
        )
        .values(attempts=EntryRow.attempts + 1, due_at=until)
        .returning(EntryRow.hash)
    ).one_or_none()
    return claimed is not None


def release(db: Session, digest: str, now: datetime) -> None:
    """Give a claimed entry back: it is due at once."""
    db.execute(sa.update(EntryRow).where(EntryRow.hash == digest).values(due_at=now))


def set_failed(db: Session, digest: str, error: str, *, now: datetime, due_at: datetime) -> None:
    """Note why an attempt failed and when the next is due."""
    db.execute(
        sa.update(EntryRow)
        .where(EntryRow.hash == digest)
        .values(
            last_error=error,
            due_at=due_at,
            failing_since=sa.func.coalesce(EntryRow.failing_since, now),
        )
    )


def send_again_from(db: Session, channel: str, epoch: int, seq: int, now: datetime) -> int:
    """Let the peer have our entries from a place on once more; return how many."""
    again = db.execute(
        sa.update(EntryRow)
        .where(EntryRow.channel == channel, EntryRow.state == EntryState.DELIVERED)
        .where(_not_before(epoch, seq))
        .values(state=EntryState.WITNESSED, due_at=now)
        .returning(EntryRow.hash)
    ).all()
    return len(again)


def hasten(db: Session, now: datetime) -> None:
    """Make everything that may leave due now: whoever had claimed it is gone."""
    db.execute(sa.update(EntryRow).where(EntryRow.state == EntryState.WITNESSED).values(due_at=now))


def _not_before(epoch: int, seq: int) -> sa.ColumnElement[bool]:
    later = sa.and_(EntryRow.epoch == epoch, EntryRow.seq >= seq)
    return sa.or_(EntryRow.epoch > epoch, later)


def _first(db: Session, query: sa.Select[EntryRow]) -> StoredEntry | None:
    row = db.scalars(query.execution_options(populate_existing=True)).first()
    return None if row is None else entry_of(row)


def _all(db: Session, query: sa.Select[EntryRow]) -> list[StoredEntry]:
    return [entry_of(row) for row in db.scalars(query.execution_options(populate_existing=True))]


def entry_of(row: EntryRow) -> StoredEntry:
    """Take an entry out of its row."""
    return StoredEntry(**{name: getattr(row, name) for name in _FIELDS})
