"""Leaves read fast: what an audit of a million of them needs, as strict as `leaves.parse`.

A leaf has one spelling, so one pattern over its bytes can say what a parser would. The pattern takes
fewer leaves than the parser (none with an escape in it, no number of sixteen digits), never more; what
it does not take is given to the parser, which has the last word.
"""

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from shared.protocol.canonical import b64, encode
from shared.protocol.leaves import MAX_LEAF, About, Leaf, PeerReceipt, format_time, parse

Four = tuple[bytes, bytes, bytes, bytes]


class Scanned(NamedTuple):
    """The members of a leaf that its place in log, channel, case and peer depends on.

    They are octets as they stand in the leaf, None for null. Of `about` it has channel, epoch, hash and
    seq, of `peer_receipt` index, origin, root and size; `commit` is what stands between its braces;
    `counted` is the leaf's `count`.
    """

    type: bytes
    log: bytes
    seq_time: bytes
    direction: bytes | None
    peer: bytes | None
    channel: bytes | None
    epoch: bytes | None
    seq: bytes | None
    entry_type: bytes | None
    entry_hash: bytes | None
    outcome: bytes | None
    about: Four | None
    peer_receipt: Four | None
    case_ref: bytes | None
    case_seq: bytes | None
    case_prev: bytes | None
    peer_seq: bytes | None
    peer_prev: bytes | None
    commit: bytes
    counted: bytes | None


_DIGITS = rb"(?:0|[1-9][0-9]{0,14})"
_UUID7 = rb'"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"'
_TIME = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
_CODE = rb"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}"
_CHANNEL = rb"[A-Z]{2}>[A-Z]{2}"
_ORIGIN = rb"[!#-*,-\[\]-~]{1,128}"
_ROOT = rb"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_COMMITTED = rb'"[a-z][a-z_]{0,31}":"[0-9a-f]{64}"'
_WORD = rb"[a-z]+(?:[-_][a-z]+)*"


def _text(grammar: bytes) -> bytes:
    return b'"(' + grammar + b')"'


def _maybe(pattern: bytes) -> bytes:
    return b"(?:null|" + pattern + b")"


def _object(**members: bytes) -> bytes:
    pairs = (b'"' + name.encode() + b'":' + members[name] for name in sorted(members))
    return rb"\{" + b",".join(pairs) + rb"\}"


_NUMBER = _maybe(b"(" + _DIGITS + b")")
_PATTERN = re.compile(
    _object(
        v=b"1",
        type=_text(_WORD + rb"(?:\." + _WORD + rb")+"),
        log=_text(_ORIGIN),
        seq_time=_text(_TIME),
        event_id=_UUID7,
        event_time=_text(_TIME),
        transfer_id=_maybe(_UUID7),
        direction=_maybe(_text(b"out|in")),
        peer=_maybe(_text(b"[A-Z]{2}")),
        channel=_maybe(_text(_CHANNEL)),
        epoch=_NUMBER,
        seq=_NUMBER,
        entry_type=_maybe(_text(_CODE)),
        entry_hash=_maybe(_text(b"[0-9a-f]{96}")),
        about=_maybe(
            _object(
                channel=_text(_CHANNEL),
                epoch=b"(" + _DIGITS + b")",
                hash=_text(b"[0-9a-f]{96}"),
                seq=b"(" + _DIGITS + b")",
            )
        ),
        outcome=_maybe(_text(_CODE)),
        case_ref=_maybe(_text(b"[0-9a-f]{64}")),
        case_seq=_NUMBER,
        case_prev=_NUMBER,
        peer_seq=_NUMBER,
        peer_prev=_NUMBER,
        size=_maybe(_DIGITS),
        commit=rb"\{((?:" + _COMMITTED + rb"(?:," + _COMMITTED + rb")*)?)\}",
        peer_receipt=_maybe(
            _object(
                index=b"(" + _DIGITS + b")",
                origin=_text(_ORIGIN),
                root=_text(_ROOT),
                size=b"(" + _DIGITS + b")",
            )
        ),
        reason=_maybe(b'"' + _CODE + b'"'),
        count=_NUMBER,
        nonce=rb'"[0-9a-f]{32}"',
    )
)


def scan(body: bytes) -> Scanned:
    """Read a leaf.

    Raises:
        FormatError: `leaves.parse` refuses it.
    """
    return _fast(body) or _of(parse(body))


def _fast(body: bytes) -> Scanned | None:
    found = _PATTERN.fullmatch(body) if len(body) <= MAX_LEAF else None
    return _scanned(found.groups()) if found else None


def _scanned(groups: tuple[bytes | None, ...]) -> Scanned | None:
    """Put the groups, which are in the order of the bytes, in their places; None if in doubt."""
    (
        *about, case_prev, case_ref, case_seq, channel, commit, count, direction, entry_hash,
        entry_type, epoch, event_time, log, outcome, peer, peer_prev, index, origin, root, size,
        peer_seq, seq, seq_time, kind,
    ) = groups  # fmt: skip
    assert commit is not None
    assert event_time and log and seq_time and kind  # noqa: PT018 - the pattern has them always
    scanned = Scanned(
        kind, log, seq_time, direction, peer, channel, epoch, seq, entry_type, entry_hash, outcome,
        _four(*about), _four(index, origin, root, size),
        case_ref, case_seq, case_prev, peer_seq, peer_prev, commit, count,
    )  # fmt: skip
    return scanned if _is_whole(scanned) and _are_days(event_time, seq_time) else None


def _four(
    one: bytes | None, two: bytes | None, three: bytes | None, four: bytes | None
) -> Four | None:
    return (one, two, three, four) if one and two and three and four else None


def _is_whole(leaf: Scanned) -> bool:
    """Check what no member shows alone, as `leaves` does."""
    ends = leaf.peer, leaf.direction
    channel, about, receipt = leaf.channel, leaf.about, leaf.peer_receipt
    return (
        (channel is None or (channel[:2] != channel[3:] and ends in _ends(channel)))
        and (about is None or about[0][:2] != about[0][3:])
        and (receipt is None or int(receipt[0]) < int(receipt[3]))
        and _is_counted(leaf.case_ref, leaf.case_seq, leaf.case_prev)
        and _is_counted(leaf.peer, leaf.peer_seq, leaf.peer_prev)
        and (b"," not in leaf.commit or _ascends(leaf.commit))
    )


def _ends(channel: bytes) -> tuple[tuple[bytes, bytes | None], ...]:
    return (channel[3:], b"out"), (channel[:2], b"in"), (channel[:2], None)


def _is_counted(owner: bytes | None, seq: bytes | None, prev: bytes | None) -> bool:
    return (owner is None) == (seq is None) and (prev is None) == (seq in {None, b"0"})


def _ascends(commit: bytes) -> bool:
    names = [each.partition(b":")[0] for each in commit.split(b",")]
    return all(first < second for first, second in pairwise(names))


def _are_days(*times: bytes) -> bool:
    return all(_is_day(time[:10]) for time in times)


@lru_cache(maxsize=64)
def _is_day(day: bytes) -> bool:
    try:
        date.fromisoformat(day.decode())
    except ValueError:
        return False
    return True


def _of(leaf: Leaf) -> Scanned:
    return Scanned(
        type=leaf.type.encode(),
        log=leaf.log.encode(),
        seq_time=format_time(leaf.seq_time).encode(),
        direction=_octets(leaf.direction and leaf.direction.value),
        peer=_octets(leaf.peer),
        channel=_octets(leaf.channel),
        epoch=_octets(leaf.epoch),
        seq=_octets(leaf.seq),
        entry_type=_octets(leaf.entry_type),
        entry_hash=_octets(leaf.entry_hash),
        outcome=_octets(leaf.outcome),
        about=_about(leaf.about),
        peer_receipt=_receipt(leaf.peer_receipt),
        case_ref=_octets(leaf.case_ref),
        case_seq=_octets(leaf.case_seq),
        case_prev=_octets(leaf.case_prev),
        peer_seq=_octets(leaf.peer_seq),
        peer_prev=_octets(leaf.peer_prev),
        commit=encode(leaf.commit)[1:-1],
        counted=_octets(leaf.count),
    )


def _about(about: About | None) -> Four | None:
    if about is None:
        return None
    return about.channel.encode(), b"%d" % about.epoch, about.hash.encode(), b"%d" % about.seq


def _receipt(receipt: PeerReceipt | None) -> Four | None:
    if receipt is None:
        return None
    root = b64(receipt.root).encode()
    return b"%d" % receipt.index, receipt.origin.encode(), root, b"%d" % receipt.size


def _octets(value: str | int | None) -> bytes | None:
    return None if value is None else str(value).encode()
