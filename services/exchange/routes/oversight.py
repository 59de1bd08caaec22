"""What overseers and operators see of the channels: places and hashes, never content."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path

from services.exchange import channel_watch, contradictions
from services.exchange.channel_watch import ChannelReport, LinkReport
from services.exchange.contradictions import Held
from services.exchange.routes.parts import Acting, Node
from shared.protocol.canonical import b64u
from shared.runtime.clock import milliseconds

router = APIRouter(prefix="/v1")
Peer = Annotated[str, Path(pattern="^[A-Z]{2}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAnswer:
    """One place in a chain."""

    channel: str
    epoch: int
    seq: int
    prev: str
    hash: str
    type: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksAnswer:
    """Every place of both directions, in order."""

    links: tuple[LinkAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAnswer:
    """Two notes of a peer's log that cannot both be true; `file` convicts it offline."""

    peer: str
    found_at: str
    notes: tuple[str, ...]
    file: str | None  # base64url


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAnswer:
    """All that is kept against peers' logs."""

    evidence: tuple[HeldAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswer:
    """One direction, recomputed from the signed bytes; epoch, seq and hash are of its last good entry."""

    channel: str
    direction: str
    epoch: int | None
    seq: int | None
    hash: str | None
    entries: int
    first_break: str | None
    frozen: str | None
    contradictions: tuple[str, ...]  # what the peer contradicted itself in, and when
    last_error: str | None  # why the next entry of ours has not arrived yet


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxAnswer:
    """What waits for the log, and since when the oldest does."""

    events: int
    since: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsAnswer:
    """Every channel, and what waits for the log."""

    channels: tuple[ChannelAnswer, ...]
    outbox: OutboxAnswer


@router.get("/audit/channels/{peer}/links")
def links(peer: Peer, actor: Acting, node: Node) -> LinksAnswer:
    """Give every place of both directions between us and a peer."""
    found = channel_watch.links(
        peer, country=node.keyring.country, database=node.database, actor=actor
    )
    return LinksAnswer(links=tuple(map(_link, found)))


@router.get("/audit/channels/evidence")
def evidence(actor: Acting, node: Node) -> EvidenceAnswer:
    """Give what peers' logs contradicted themselves in, as it came with their entries."""
    found = contradictions.held_against_logs(
        database=node.database, directory=node.directory, actor=actor
    )
    return EvidenceAnswer(evidence=tuple(map(_held, found)))


@router.get("/ops/channels")
def channels(node: Node) -> ChannelsAnswer:
    """Recompute every channel and say where it first breaks."""
    reports = channel_watch.verify(database=node.database)
    waiting = channel_watch.outbox(database=node.database)
    return ChannelsAnswer(
        channels=tuple(map(_channel, reports)),
        outbox=OutboxAnswer(
            events=waiting.events,
            since=milliseconds(waiting.since) if waiting.since else None,
        ),
    )


def _held(held: Held) -> HeldAnswer:
    return HeldAnswer(
        peer=held.peer,
        found_at=milliseconds(held.at),
        notes=held.notes,
        file=None if held.evidence is None else b64u(held.evidence),
    )


def _link(link: LinkReport) -> LinkAnswer:
    return LinkAnswer(
        channel=link.channel,
        epoch=link.epoch,
        seq=link.seq,
        prev=link.prev,
        hash=link.hash,
        type=link.type,
        at=milliseconds(link.at),
    )


def _channel(report: ChannelReport) -> ChannelAnswer:
    head = report.head
    return ChannelAnswer(
        channel=report.channel,
        direction=report.direction,
        epoch=head.epoch if head else None,
        seq=head.seq if head else None,
        hash=head.hash if head else None,
        entries=report.entries,
        first_break=report.first_break,
        frozen=report.frozen,
        contradictions=report.contradictions,
        last_error=report.last_error,
    )
