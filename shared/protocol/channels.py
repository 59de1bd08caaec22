"""One direction of a channel: a chain with a single writer (spec/channel.md)."""

from __future__ import annotations

from typing import Final

from shared.protocol.entries import Entry, EntryType, PeerHead, entry_hash
from shared.protocol.errors import ChainError, ForkError, GapError
from shared.protocol.identifiers import channel
from shared.protocol.messages import Body, Head, OpenBody, ResyncBody

GENESIS_PREV: Final = 96 * "0"
"""What the first entry of a direction has for `prev`."""

__all__ = ["GENESIS_PREV", "Head", "check_next", "head_of", "next_entry"]

_STARTS: Final = frozenset({EntryType.OPEN, EntryType.RESYNC})


def next_entry(  # noqa: PLR0913  an entry has these parts
    head: Head | None,
    *,
    type: EntryType,  # noqa: A002  the field's name on the wire
    sender: str,
    recipient: str,
    peer: PeerHead | None,
    iat: int,
    request: str | None,
    body: Body,
) -> Entry:
    """Write the entry that follows `head`, the last of its direction, or begins the direction.

    `type` is `open` for the first entry and `resync` to begin a new epoch; `body` has its shape.
    `peer` is the last entry of the other direction that the writer has taken in; `iat` is in Unix
    seconds.

    Raises:
        ChainError: if an entry of this type cannot follow `head`.
        FormatError: if the parts make no entry.
    """
    epoch, seq, prev = _place(head, body)
    entry = Entry(
        type=type,
        channel=channel(sender, recipient),
        sender=sender,
        recipient=recipient,
        epoch=epoch,
        seq=seq,
        prev=prev,
        peer=peer,
        iat=iat,
        request=request,
        body=body.to_json(),
    )
    check_next(head, entry)
    return entry


def _place(head: Head | None, body: Body) -> tuple[int, int, str]:
    if isinstance(body, ResyncBody):
        return body.resumes.epoch + 1, 0, body.resumes.hash
    if isinstance(body, OpenBody) or head is None:
        return 0, 0, GENESIS_PREV
    return head.epoch, head.seq + 1, head.hash


def head_of(entry: Entry) -> Head:
    """Give the head that a chain has once `entry` is its last."""
    return Head(epoch=entry.epoch, seq=entry.seq, hash=entry_hash(entry.payload()))


def check_next(head: Head | None, entry: Entry) -> None:
    """Check that an entry is the one that follows `head`.

    An entry that the reader already has, byte for byte, is a repetition and not for this check.

    Raises:
        GapError: if entries between are missing; `expected` is the seq after `head`.
        ForkError: if the place is taken.
        ChainError: if the place is right and the entry does not fit it.
    """
    if head is None:
        _check_first(entry)
    elif entry.type is EntryType.RESYNC:
        _check_resync(head, entry)
    else:
        _check_following(head, entry)


def _check_first(entry: Entry) -> None:
    if (entry.epoch, entry.seq) != (0, 0):
        raise GapError("the direction does not begin with this entry", expected=0, seq=entry.seq)
    if entry.type is not EntryType.OPEN or entry.prev != GENESIS_PREV:
        raise ChainError("a direction begins with an open entry that follows nothing")


def _check_resync(head: Head, entry: Entry) -> None:
    """A new epoch resumes at the head, or before it if later entries are given up as orphans."""
    resumes = ResyncBody.read(entry.body).resumes
    if entry.epoch <= head.epoch:
        raise ForkError("this epoch has begun already", epoch=entry.epoch)
    if (entry.epoch, entry.seq) != (head.epoch + 1, 0) or resumes.epoch != head.epoch:
        raise ChainError("a resync begins the next epoch, at seq 0", epoch=entry.epoch)
    if resumes.seq > head.seq:
        raise GapError("a resync resumes behind what is known", expected=head.seq + 1)
    if resumes.seq == head.seq and resumes.hash != head.hash:
        raise ForkError("a resync resumes at another entry than the known one", seq=head.seq)
    if entry.prev != resumes.hash:
        raise ChainError("a resync must follow the entry at which it resumes")


def _check_following(head: Head, entry: Entry) -> None:
    expected = head.seq + 1
    if entry.epoch > head.epoch:
        raise ChainError("a new epoch begins with a resync", epoch=entry.epoch)
    if entry.epoch < head.epoch or entry.seq < expected:
        raise ForkError(
            "this place in the chain is taken by another entry", epoch=entry.epoch, seq=entry.seq
        )
    if entry.seq > expected:
        raise GapError("entries before this one are missing", expected=expected, seq=entry.seq)
    if entry.type in _STARTS:
        raise ChainError("an open entry stands at the beginning alone", seq=entry.seq)
    if entry.prev != head.hash:
        raise ChainError("the entry does not follow from the one before it", seq=entry.seq)
