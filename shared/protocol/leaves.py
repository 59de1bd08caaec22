"""The leaf: what a log says about one event, for ever (spec/leaves.md).

A leaf is canonical JSON with every key always present. Whoever reads one later has no migration, so
the reader here demands the exact grammar, and `build` passes through it. Names and texts of people
are never in a leaf: `commit` holds salted commitments (`commitments`).
"""

import re
import secrets
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.checkpoints import check_origin
from shared.protocol.errors import FormatError, LogProofError
from shared.protocol.identifiers import parse_channel, parse_country, parse_id
from shared.protocol.members import matched, members_of
from shared.protocol.merkle import HASH_SIZE

MAX_LEAF = 2**14  # bytes
TRANSFER_INTENT = "transfer.intent"
TRANSFER_RECEIVED = "transfer.received"

_VERSION = 1
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_EVENT_TYPE = re.compile(r"[a-z]+(?:[-_][a-z]+)*(?:\.[a-z]+(?:[-_][a-z]+)*)+")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_FIELD = re.compile(r"[a-z][a-z_]{0,31}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA384 = re.compile(r"[0-9a-f]{96}")
_NONCE = re.compile(r"[0-9a-f]{32}")


class Direction(Enum):
    """Which way a transfer goes, seen from the log's own country."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The entry that a receipt is about."""

    channel: str
    epoch: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReceipt:
    """Where the counterpart of this leaf stands in the peer's log."""

    origin: str
    index: int
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf. Times are aware, UTC and whole milliseconds; digests are lower-case hex."""

    type: str
    log: str
    seq_time: datetime
    event_id: str
    event_time: datetime
    transfer_id: str | None = None
    direction: Direction | None = None
    peer: str | None = None
    channel: str | None = None
    epoch: int | None = None
    seq: int | None = None
    entry_type: str | None = None
    entry_hash: str | None = None
    about: About | None = None
    outcome: str | None = None
    case_ref: str | None = None
    case_seq: int | None = None
    case_prev: int | None = None
    peer_seq: int | None = None
    peer_prev: int | None = None
    size: int | None = None
    commit: dict[str, str] = field(default_factory=dict)
    peer_receipt: PeerReceipt | None = None
    reason: str | None = None
    count: int | None = None
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """What a leaf says about the channel entry it is for; `about` and `outcome` on receipts only."""

    channel: str
    epoch: int
    seq: int
    entry_type: str
    entry_hash: str
    about: About | None = None
    outcome: str | None = None


def build(leaf: Leaf) -> bytes:
    """The bytes of a leaf, exactly as they are hashed, stored and sent.

    Raises:
        FormatError: `parse` would refuse them.
    """
    data = canonical.encode(_wire(leaf))
    parse(data)
    return data


def parse(data: bytes) -> Leaf:
    """Read a leaf: canonical, every key and nothing else, each in its grammar.

    Raises:
        FormatError: it is not a leaf of this version.
    """
    members = members_of(canonical.parse(data, max_size=MAX_LEAF), {"v", *_NAMES})
    if members.number("v") != _VERSION:
        raise FormatError("this version of the leaf is not known here")
    leaf = Leaf(
        type=members.match("type", _EVENT_TYPE),
        log=check_origin(members.text("log")),
        seq_time=parse_time(members.text("seq_time")),
        event_id=parse_id(members.text("event_id")),
        event_time=parse_time(members.text("event_time")),
        transfer_id=members.maybe(parse_id, "transfer_id"),
        direction=members.maybe(_direction, "direction"),
        peer=members.maybe(parse_country, "peer"),
        channel=members.maybe(_channel, "channel"),
        epoch=members.maybe_number("epoch"),
        seq=members.maybe_number("seq"),
        entry_type=members.maybe(_token, "entry_type"),
        entry_hash=members.maybe(_sha384, "entry_hash"),
        about=_about(members.value["about"]),
        outcome=members.maybe(_token, "outcome"),
        case_ref=members.maybe(_sha256, "case_ref"),
        case_seq=members.maybe_number("case_seq"),
        case_prev=members.maybe_number("case_prev"),
        peer_seq=members.maybe_number("peer_seq"),
        peer_prev=members.maybe_number("peer_prev"),
        size=members.maybe_number("size"),
        commit=_commitments(members.value["commit"]),
        peer_receipt=_peer_receipt(members.value["peer_receipt"]),
        reason=members.maybe(_token, "reason"),
        count=members.maybe_number("count"),
        nonce=members.match("nonce", _NONCE),
    )
    _check_whole(leaf)
    return leaf


def check_transfer_leaf(leaf: Leaf, entry: EntryFacts, *, origin: str) -> None:
    """Check that a leaf of the sender's log is the intent of exactly this entry.

    This is what a country demands before it reads an entry at all: `origin` is the log that the
    directory names for the sender, and the leaf has been proven to stand in it.

    Raises:
        LogProofError: it is the leaf of something else.
    """
    _, recipient = parse_channel(entry.channel)
    demanded: dict[str, object] = {
        "log": origin,
        "type": TRANSFER_INTENT,
        "direction": Direction.OUT,
        "peer": recipient,
        **{name: getattr(entry, name) for name in _ENTRY_NAMES},
    }
    for name, value in demanded.items():
        if getattr(leaf, name) != value:
            raise LogProofError("the leaf is not of this entry", field=name)


def format_time(time: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`; anything below the millisecond is cut off."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """Read what `format_time` writes.

    Raises:
        FormatError: anything else, or a day or hour that does not exist.
    """
    if not _TIME.fullmatch(text):
        raise FormatError("a time is written YYYY-MM-DDTHH:MM:SS.mmmZ")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError("there is no such time") from error


_NAMES = frozenset(each.name for each in fields(Leaf))
_ABOUT_NAMES = frozenset(each.name for each in fields(About))
_RECEIPT_NAMES = frozenset(each.name for each in fields(PeerReceipt))
_ENTRY_NAMES = frozenset(each.name for each in fields(EntryFacts))


def _token(text: str) -> str:
    return matched(text, _TOKEN)


def _sha256(text: str) -> str:
    return matched(text, _SHA256)


def _sha384(text: str) -> str:
    return matched(text, _SHA384)


def _channel(text: str) -> str:
    parse_channel(text)
    return text


def _direction(text: str) -> Direction:
    if text not in {each.value for each in Direction}:
        raise FormatError("a direction is out or in")
    return Direction(text)


def _about(value: Json) -> About | None:
    if value is None:
        return None
    members = members_of(value, _ABOUT_NAMES)
    return About(
        channel=_channel(members.text("channel")),
        epoch=members.number("epoch"),
        seq=members.number("seq"),
        hash=_sha384(members.text("hash")),
    )


def _peer_receipt(value: Json) -> PeerReceipt | None:
    if value is None:
        return None
    members = members_of(value, _RECEIPT_NAMES)
    receipt = PeerReceipt(
        origin=check_origin(members.text("origin")),
        index=members.number("index"),
        size=members.number("size"),
        root=canonical.unb64(members.text("root")),
    )
    if len(receipt.root) != HASH_SIZE or receipt.index >= receipt.size:
        raise FormatError("the place in the peer's log is impossible")
    return receipt


def _commitments(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        raise FormatError("the commitments are an object")
    members = members_of(value, set(value))
    return {matched(name, _FIELD): members.match(name, _SHA256) for name in value}


def _wire(leaf: Leaf) -> dict[str, object]:
    receipt = leaf.peer_receipt
    return {
        **{name: getattr(leaf, name) for name in _NAMES},
        "v": _VERSION,
        "seq_time": format_time(leaf.seq_time),
        "event_time": format_time(leaf.event_time),
        "direction": leaf.direction and leaf.direction.value,
        "about": leaf.about and asdict(leaf.about),
        "peer_receipt": receipt and {**asdict(receipt), "root": canonical.b64(receipt.root)},
    }


def _check_whole(leaf: Leaf) -> None:
    """Check what no member shows alone: the channel's ends, and that counters come in pairs."""
    if leaf.channel is not None:
        sender, recipient = parse_channel(leaf.channel)
        if leaf.peer != (recipient if leaf.direction is Direction.OUT else sender):
            raise FormatError("the channel does not lead to or from the peer")
    for owner, seq, prev in (
        (leaf.case_ref, leaf.case_seq, leaf.case_prev),
        (leaf.peer, leaf.peer_seq, leaf.peer_prev),
    ):
        if (owner is None) != (seq is None) or (prev is None) != (not seq):
            raise FormatError("a counter of the leaf does not fit its owner")
