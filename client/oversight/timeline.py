"""What a log tells of one case, in order, for people."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from client.oversight.mirror import CASE_KEY, CHECKPOINT, Mirror, entry_bundles, tile_path
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.leaves import Leaf, format_time, parse
from shared.protocol.notes import read_note
from shared.protocol.tiles import parse_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the log about a case."""

    index: int
    time: str
    type: str
    detail: str


def timeline(mirror: Mirror, case_id: str) -> list[Event]:
    """Find all that a mirrored log tells of a case; whether the mirror holds, `audit` says.

    Args:
        mirror: with the case key in it.
        case_id: the request's id.

    Raises:
        FormatError: a file of the mirror is missing, or is something else.
    """
    case = hmac.digest(mirror.read(CASE_KEY), case_id.encode(), "sha256").hex()
    return [event_of(index, leaf) for index, leaf in _leaves(mirror) if leaf.case_ref == case]


def event_of(index: int, leaf: Leaf) -> Event:
    """Write an entry for people."""
    return Event(index=index, time=format_time(leaf.seq_time), type=leaf.type, detail=_detail(leaf))


def _leaves(mirror: Mirror) -> Iterator[tuple[int, Leaf]]:
    size = read_checkpoint(read_note(mirror.read(CHECKPOINT).decode()).text).size
    index = 0
    for tile in entry_bundles(size):
        for body in parse_bundle(mirror.read(tile_path(tile))):
            yield index, parse(body)
            index += 1


def _detail(leaf: Leaf) -> str:
    """Say in a line what the leaf adds to its type."""
    parts = []
    if leaf.channel is not None:
        parts.append(f"{leaf.entry_type} {leaf.channel} {leaf.epoch}/{leaf.seq}")
    if leaf.about is not None:
        about = f"{leaf.about.channel} {leaf.about.epoch}/{leaf.about.seq}"
        parts.append(f"{leaf.outcome} about {about}")
    elif leaf.outcome is not None:
        parts.append(leaf.outcome)
    if leaf.transfer_id is not None:
        parts.append(leaf.transfer_id)
    if leaf.size is not None:
        parts.append(f"{leaf.size} bytes")
    if leaf.reason is not None:
        parts.append(leaf.reason)
    return ", ".join(parts)
