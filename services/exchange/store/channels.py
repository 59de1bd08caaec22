"""SQL of the channels: their heads, and whether they are frozen."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from services.exchange.states import Direction
from services.exchange.tables import ChannelRow
from shared.protocol.channels import GENESIS_PREV, Head
from shared.runtime.refusals import Conflict

_NOTHING = (0, -1, GENESIS_PREV)  # the head of a channel in which nothing has been written


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One direction between two countries."""

    name: str  # "QM>QN"
    direction: Direction
    head: Head | None  # None: nothing has been written
    frozen: str | None  # why nothing more is written or taken


def find(db: Session, name: str) -> Channel | None:
    """Return a channel as it stands, or None when nobody has opened it."""
    row = db.get(ChannelRow, name, populate_existing=True)
    return None if row is None else _channel(row)


def listed(db: Session, direction: Direction | None = None) -> list[Channel]:
    """Return every channel, or those of one direction, by name."""
    query = sa.select(ChannelRow).order_by(ChannelRow.channel)
    if direction is not None:
        query = query.where(ChannelRow.direction == direction)
    return [_channel(row) for row in db.scalars(query.execution_options(populate_existing=True))]


def lock(db: Session, name: str, direction: Direction) -> Channel:
    """Return a channel and keep others from moving its head until the transaction ends."""
    _open_if_new(db, name, direction)
    locked = sa.update(ChannelRow).where(ChannelRow.channel == name)
    db.execute(locked.values(direction=ChannelRow.direction))
    return _channel(db.get_one(ChannelRow, name, populate_existing=True))


def move_head(db: Session, name: str, old: Head | None, new: Head) -> None:
    """Compare and swap the head of a channel.

    Raises:
        Conflict: the head is no longer `old`.
    """
    epoch, seq, digest = _NOTHING if old is None else (old.epoch, old.seq, old.hash)
    moved = db.execute(
        sa.update(ChannelRow)
        .where(
            ChannelRow.channel == name,
            ChannelRow.epoch == epoch,
            ChannelRow.head_seq == seq,
            ChannelRow.head_hash == digest,
        )
        .values(epoch=new.epoch, head_seq=new.seq, head_hash=new.hash)
        .returning(ChannelRow.channel)
    ).one_or_none()
    if moved is None:
        raise Conflict("channel_moved", f"Another entry was written to {name} first.")


def freeze(db: Session, name: str, why: str) -> None:
    """Let nothing more through a channel; the first reason stays."""
    db.execute(
        sa.update(ChannelRow)
        .where(ChannelRow.channel == name, ChannelRow.frozen.is_(None))
        .values(frozen=why)
    )


def _open_if_new(db: Session, name: str, direction: Direction) -> None:
    """Put a channel on record unless it is; two transactions may do so at the same time."""
    epoch, seq, digest = _NOTHING
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    opened = insert(ChannelRow).values(
        channel=name, direction=direction, epoch=epoch, head_seq=seq, head_hash=digest
    )
    db.execute(opened.on_conflict_do_nothing())


def _channel(row: ChannelRow) -> Channel:
    head = None
    if row.head_seq >= 0:
        head = Head(epoch=row.epoch, seq=row.head_seq, hash=row.head_hash)
    return Channel(name=row.channel, direction=row.direction, head=head, frozen=row.frozen)
