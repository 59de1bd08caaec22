"""What statistics read of a leaf, four times as fast as its strict reader.

A leaf has one spelling, so that what is between the members counted here can be skipped. Whether the rest
of it has the form of a leaf, check 5 of `audit verify` says, which reads every octet.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from shared.protocol.leaves import Leaf, format_time, parse


class Facts(NamedTuple):
    """The members of a leaf that are counted, as octets; None for null."""

    case_ref: bytes | None
    number: bytes | None
    entry_type: bytes | None
    event_time: bytes
    outcome: bytes | None
    peer: bytes | None
    reason: bytes | None
    seq_time: bytes
    transfer_id: bytes | None
    type: bytes


_TIME: Final = rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)"'
_TEXT: Final = rb'(?:null|"([^"\\]*)")'
_MEMBERS: Final = {
    "about": rb"(?:null|\{[^}]*\})",
    "case_ref": _TEXT,
    "commit": rb"\{[^}]*\}",
    "count": rb"(?:null|([0-9]{1,15}))",
    "entry_type": _TEXT,
    "event_time": _TIME,
    "outcome": _TEXT,
    "peer": _TEXT,
    "peer_receipt": rb"(?:null|\{[^}]*\})",
    "reason": _TEXT,
    "seq_time": _TIME,
    "transfer_id": _TEXT,
    "type": rb'"([^"\\]*)"',
}
_SKIPPED: Final = (
    "case_prev", "case_seq", "channel", "direction", "entry_hash", "epoch", "event_id", "log", "nonce",
    "peer_prev", "peer_seq", "seq", "size", "v",
)  # fmt: skip
_ANY: Final = rb"[^,}\\]*"
_PATTERN: Final = re.compile(
    rb"\{"
    + b",".join(
        b'"' + name.encode() + b'":' + _MEMBERS.get(name, _ANY)
        for name in sorted([*_MEMBERS, *_SKIPPED])
    )
    + rb"\}"
)


def facts(body: bytes) -> Facts:
    """Read a leaf.

    Raises:
        FormatError: it is none.
    """
    found = _PATTERN.fullmatch(body)
    return Facts(*found.groups()) if found else facts_of(parse(body))


def facts_of(leaf: Leaf) -> Facts:
    """Give the facts of a leaf that was read by its strict reader."""
    return Facts(
        case_ref=_octets(leaf.case_ref),
        number=_octets(leaf.count),
        entry_type=_octets(leaf.entry_type),
        event_time=format_time(leaf.event_time).encode(),
        outcome=_octets(leaf.outcome),
        peer=_octets(leaf.peer),
        reason=_octets(leaf.reason),
        seq_time=format_time(leaf.seq_time).encode(),
        transfer_id=_octets(leaf.transfer_id),
        type=leaf.type.encode(),
    )


def _octets(value: str | int | None) -> bytes | None:
    return None if value is None else str(value).encode()
