"""What a log tells of one case, in order, for people."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from client.oversight.mirror import CASE_KEY, CHECKPOINT, Mirror, entry_bundles, tile_path
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.leaves import TRANSFER_INTENT, TRANSFER_RECEIVED, Leaf, format_time, parse
from shared.protocol.notes import read_note
from shared.protocol.scanning import scan
from shared.protocol.tiles import parse_bundle

_CROSSED: Final = {TRANSFER_INTENT: "sent", TRANSFER_RECEIVED: "received"}
_WAYS: Final = {TRANSFER_INTENT: "-> {}", TRANSFER_RECEIVED: "<- {}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the log about a case.

    Attributes:
        index: of its leaf.
        time: when it got its index, as the leaf has it.
        type: of the catalogue.
        detail: what the leaf adds to its type.
        words: the type for people: `request sent`, `package: item declared`.
        way: `-> QN`, `<- QN`, or nothing if it crossed no border.
    """

    index: int
    time: str
    type: str
    detail: str
    words: str
    way: str


def timeline(mirror: Mirror, case_id: str) -> list[Event]:
    """Find all that a mirrored log tells of a case; whether the mirror holds, `audit` says.

    Args:
        mirror: with the case key in it.
        case_id: the request's id.

    Raises:
        FormatError: a file of the mirror is missing, or is something else.
    """
    case = hmac.digest(mirror.read(CASE_KEY), case_id.encode(), "sha256").hex()
    return [event_of(index, parse(body)) for index, body in _of_case(mirror, case.encode())]


def event_of(index: int, leaf: Leaf) -> Event:
    """Write an entry for people."""
    return Event(
        index=index,
        time=format_time(leaf.seq_time),
        type=leaf.type,
        detail=_detail(leaf),
        words=_words(leaf),
        way=_WAYS.get(leaf.type, "").format(leaf.peer),
    )


def by_day(events: Iterable[Event]) -> Iterator[str]:
    """Write events for people, the days apart, and how long nothing happened between them."""
    day: date | None = None
    for each in events:
        own = date.fromisoformat(each.time[:10])
        if own != day:
            gap = (own - day).days if day else 0
            yield f"{own:%A} {own.isoformat()}" + (f", {gap} days later" if gap > 1 else "")
            day = own
        text = f"{each.words}  {each.detail}" if each.detail else each.words
        yield f"  {each.time[11:19]}  {each.index:>8}  {each.way:5}  {text}"


def _of_case(mirror: Mirror, case_ref: bytes) -> Iterator[tuple[int, bytes]]:
    size = read_checkpoint(read_note(mirror.read(CHECKPOINT).decode()).text).size
    index = 0
    for tile in entry_bundles(size):
        for body in parse_bundle(mirror.read(tile_path(tile))):
            if scan(body).case_ref == case_ref:
                yield index, body
            index += 1


def _words(leaf: Leaf) -> str:
    """`transfer.intent` of a request is `request sent`; other types speak for themselves."""
    if leaf.type in _CROSSED:
        return f"{leaf.entry_type} {_CROSSED[leaf.type]}"
    family, _, what = leaf.type.partition(".")
    return f"{family}: {what}".replace("_", " ")


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
