"""Use case: recompute the chain of a channel from the stored bytes, and say where it first breaks.

Nothing that the database says of an entry is believed: its hash is computed from the signed bytes, and
each entry must follow from the one before. Signatures are checked at intake and by the offline verifier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.exchange import correspondence
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, entries, events, peers
from services.exchange.store import channels as heads
from services.exchange.store.entries import StoredEntry
from shared.protocol import channels, identifiers
from shared.protocol.channels import Head
from shared.protocol.entries import read_entry
from shared.protocol.errors import GapError, ProtocolError
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound

PACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReport:
    """One direction, recomputed; `head` is the last entry up to which it holds."""

    channel: str
    direction: Direction
    head: Head | None
    entries: int  # that hold
    first_break: str | None
    frozen: str | None
    contradictions: tuple[str, ...]  # of the peer: "fork, 2026-11-21 12:00:00 UTC"
    last_error: str | None  # why the next entry of ours has not arrived yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What waits for the log."""

    events: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """One place in a chain, without its content: what an overseer compares with the logs."""

    channel: str
    epoch: int
    seq: int
    prev: str
    hash: str
    type: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class ChannelWatch:
    """Recomputes every channel at the start and every hour, and tells the operators of a break."""

    database: Database
    clock: Clock
    looked_at: datetime | None = None

    def begin(self) -> None:
        """Nothing is taken over: the first look is due at once."""

    def work(self) -> bool:
        """Look, if it is time to."""
        now = self.clock()
        if self.looked_at is not None and now - self.looked_at < PACE:
            return False
        self.looked_at = now
        for report in verify(database=self.database):
            if report.first_break is not None:
                logs.log().error("channel_broken", channel=report.channel, why=report.first_break)
        return False


def verify(*, database: Database) -> list[ChannelReport]:
    """Recompute every channel, by name."""
    with database.read() as db:
        return [_report(db, channel) for channel in heads.listed(db)]


def outbox(*, database: Database) -> Outbox:
    """Return what waits for the log."""
    with database.read() as db:
        count, since = events.backlog(db)
    return Outbox(events=count, since=since)


def links(peer: str, *, country: str, database: Database, actor: Actor) -> list[LinkReport]:
    """Return every place of both directions between us and a peer; that it was read is recorded.

    Raises:
        NotFound: nothing was ever exchanged with this country.
    """
    pair = sorted((identifiers.channel(country, peer), identifiers.channel(peer, country)))
    with database.read() as db:
        found = [link for name in pair for link in entries.links(db, name)]
    if not found:
        raise NotFound(
            "no_channel",
            f"Nothing was exchanged with {peer}.",
            next_step="GET /v1/ops/channels lists the channels.",
        )
    with database.begin() as db:
        correspondence.record(
            db,
            "audit.exported",
            case_id=None,
            peer=peer,
            personal=actor.personal,
            now=actor.at,
        )
    return [
        LinkReport(
            channel=link.channel,
            epoch=link.epoch,
            seq=link.seq,
            prev=link.prev,
            hash=link.hash,
            type=link.type,
            at=link.at,
        )
        for link in found
    ]


def _report(db: Session, channel: heads.Channel) -> ChannelReport:
    head, held, flaw = _follow(channel.name, entries.walk(db, channel.name))
    if flaw is None and head != channel.head:
        flaw = _end(channel, head)
    waiting = entries.next_to_send(db, channel.name)
    return ChannelReport(
        channel=channel.name,
        direction=channel.direction,
        head=head,
        entries=held,
        first_break=flaw,
        frozen=channel.frozen,
        contradictions=_contradictions(db, channel),
        last_error=waiting.last_error if waiting else None,
    )


def _contradictions(db: Session, channel: heads.Channel) -> tuple[str, ...]:
    sender, recipient = identifiers.parse_channel(channel.name)
    peer = recipient if channel.direction is Direction.OUT else sender
    found = peers.contradictions(db, peer)
    return tuple(f"{one.kind}, {one.at:%Y-%m-%d %H:%M:%S} UTC" for one in found)


def _follow(name: str, stored: Iterator[StoredEntry]) -> tuple[Head | None, int, str | None]:
    """Follow a chain as far as it holds; return its head there, its length, and the first flaw."""
    head: Head | None = None
    held = 0
    for row in stored:
        try:
            entry = read_entry(row.jws).entry
            made = channels.head_of(entry)
            if (entry.channel, made.epoch, made.seq, made.hash) != (
                row.channel,
                row.epoch,
                row.seq,
                row.hash,
            ):
                return (
                    head,
                    held,
                    f"channel {name}: entry {_place(row)} was changed after it was kept",
                )
            channels.check_next(head, entry)
        except GapError as gap:
            return head, held, f"channel {name}: entry {row.epoch}/{gap.expected} is missing"
        except ProtocolError as error:
            return head, held, f"channel {name}: entry {_place(row)}: {error.detail}"
        head, held = made, held + 1
    return head, held, None


def _end(channel: heads.Channel, head: Head | None) -> str:
    """Say what is wrong when the chain holds, but does not end where it ended when it was written."""
    if channel.head is None or (
        head is not None and (head.epoch, head.seq) >= (channel.head.epoch, channel.head.seq)
    ):
        return f"channel {channel.name}: it ends elsewhere than its head says"
    last = channel.head
    return f"channel {channel.name}: its end is missing, up to entry {last.epoch}/{last.seq}"


def _place(row: StoredEntry) -> str:
    return f"{row.epoch}/{row.seq}"
