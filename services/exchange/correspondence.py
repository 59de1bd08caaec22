"""Write an entry to a channel, and an event to the outbox, in the caller's transaction.

A channel has one writer: its row is locked before the entry is signed, so no two payloads are ever
signed for one place. What was appended is SIGNED and waits for the log; `courier` shows its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.exchange.keyring import Keyring
from services.exchange.states import Direction, EntryState
from services.exchange.store import Session, entries, events, relogging
from services.exchange.store import channels as heads
from services.exchange.store.entries import StoredEntry
from shared.protocol import canonical, channels, identifiers, leaves, receipts
from shared.protocol.channels import Head
from shared.protocol.entries import BODIES, Entry, EntryType, read_entry, sign_entry
from shared.protocol.identifiers import Country
from shared.protocol.keys import SUITE
from shared.protocol.messages import ReceiptBody, ReceiptKind
from shared.runtime.clock import milliseconds
from shared.runtime.refusals import Conflict

INTENT = "transfer.intent"
RECEIVED = "transfer.received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What an entry is to say, and to whom."""

    type: EntryType
    recipient: Country
    request_id: str | None  # the case it belongs to
    transfer_id: str | None  # the package or request it is about
    body: dict[str, canonical.Json]  # as shared.protocol.entries.BODIES has it for the type
    size: int | None = None  # plain bytes, of package entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The place an entry got."""

    channel: str
    epoch: int
    seq: int
    hash: str  # hex96


def append(
    db: Session,
    letter: Letter,
    *,
    keyring: Keyring,
    now: datetime,
    personal: Mapping[str, str] | None = None,
) -> Posted:
    """Sign the next entry of our channel to a country, with the event that tells of it.

    Opens the channel first when this is its first entry. `personal` (client, officer) goes into the
    event only, where the log keeps salted commitments of it.

    Raises:
        Conflict: the channel is frozen.
    """
    name = identifiers.channel(keyring.country, letter.recipient)
    channel = heads.lock(db, name, Direction.OUT)
    if channel.frozen is not None:
        raise Conflict(
            "channel_frozen",
            f"The channel {name} is frozen: {channel.frozen}.",
            rule="architecture 5",
            next_step="Two officers settle it with the other country and resync the channel.",
            channel=name,
        )
    post = partial(_post, db, keyring=keyring, now=now, personal=personal)
    head = post(letter, channel.head or post(_opening(letter.recipient, keyring), None))
    heads.move_head(db, name, channel.head, head)
    return Posted(channel=name, epoch=head.epoch, seq=head.seq, hash=head.hash)


def record(  # noqa: PLR0913 - the fields of an event
    db: Session,
    event_type: str,
    *,
    case_id: str | None,
    transfer_id: str | None = None,
    peer: str | None = None,
    personal: Mapping[str, str] | None = None,
    reason: str | None = None,
    count: int | None = None,
    now: datetime,
) -> None:
    """Put an event that is no entry into the outbox (`request.approved`, `package.closed`, ...)."""
    fields: dict[str, canonical.Json] = {
        "case_id": case_id,
        "transfer_id": transfer_id,
        "peer": peer,
        "personal": dict(personal) if personal else None,
        "reason": reason,
        "count": count,
    }
    post_event(db, event_type, fields, entry_hash=None, now=now)


def post_event(
    db: Session,
    event_type: str,
    fields: Mapping[str, canonical.Json],
    *,
    entry_hash: str | None,
    now: datetime,
) -> None:
    """Put an event into the outbox; `entry_hash` ties the log's answer to our own entry."""
    event_id = identifiers.new_id(now)
    told = {name: value for name, value in fields.items() if value is not None}
    told |= {"event_id": event_id, "type": event_type, "event_time": milliseconds(now)}
    events.post(
        db, event_id=event_id, payload=canonical.encode(told), entry_hash=entry_hash, now=now
    )


def receipt(
    about: Entry,
    kind: ReceiptKind,
    *,
    tagmanifest_sha256: str | None = None,
    reason: str | None = None,
    writer: Country,
) -> Letter:
    """Write the receipt of an entry; `writer` is this country, the reader or the writer of it."""
    digest = channels.head_of(about).hash
    body = receipts.receipt_for(
        about, digest, kind, tagmanifest_sha256=tagmanifest_sha256, reason=reason
    )
    other = about.sender if about.recipient == writer else about.recipient
    return Letter(
        type=EntryType.RECEIPT,
        recipient=Country(other),
        request_id=about.request,
        transfer_id=transfer_of(about),
        body=body.to_json(),
    )


def transfer_of(entry: Entry) -> str | None:
    """Return what an entry is about: its package, else its request."""
    package = entry.body.get("package_id")
    return package if isinstance(package, str) else entry.request


def stored(  # noqa: PLR0913 - the columns that are not in the entry
    entry: Entry,
    jws: bytes,
    *,
    state: EntryState,
    now: datetime,
    leaf: bytes | None = None,
    log_index: int | None = None,
    proof: str | None = None,
    error: str | None = None,
) -> entries.StoredEntry:
    """Return an entry as it is kept; `leaf` and `proof` are of its writer's log."""
    inbound = state in {EntryState.ACCEPTED, EntryState.REJECTED}
    return entries.StoredEntry(
        channel=entry.channel,
        epoch=entry.epoch,
        seq=entry.seq,
        hash=channels.head_of(entry).hash,
        prev=entry.prev,
        type=entry.type,
        direction=Direction.IN if inbound else Direction.OUT,
        request_id=entry.request,
        transfer_id=transfer_of(entry),
        about_hash=about_hash(entry),
        outcome=outcome(entry),
        jws=jws,
        leaf=leaf,
        log_index=log_index,
        proof=proof,
        state=state,
        last_error=error,
        created_at=now,
    )


def about_hash(entry: Entry) -> str | None:
    """Return the hash of the entry that a receipt is about; None for anything but a receipt."""
    return ReceiptBody.read(entry.body).about.hash if entry.type is EntryType.RECEIPT else None


def outcome(entry: Entry) -> str | None:
    """Return the kind of a receipt; None for anything but a receipt."""
    return ReceiptBody.read(entry.body).kind if entry.type is EntryType.RECEIPT else None


def entry_fields(entry: Entry) -> dict[str, canonical.Json]:
    """Return what the event of an entry says of it, the same at its writer and its reader."""
    return {
        "transfer_id": transfer_of(entry),
        "channel": entry.channel,
        "epoch": entry.epoch,
        "seq": entry.seq,
        "entry_type": entry.type,
        "entry_hash": channels.head_of(entry).hash,
        "about": entry.body["about"] if entry.type is EntryType.RECEIPT else None,
        "outcome": outcome(entry),
        "case_id": entry.request,
    }


def log_again(db: Session, entry: StoredEntry, now: datetime) -> None:
    """Have an entry of ours logged anew, in the log that follows the one that died before it was shown.

    What was told of people stays in the dead log, with its openings.
    """
    assert entry.leaf is not None
    lost = leaves.parse(entry.leaf)
    fields = entry_fields(read_entry(entry.jws).entry)
    fields |= {"direction": "out", "peer": lost.peer, "size": lost.size, "personal": None}
    relogging.forget_place(db, entry.hash)
    post_event(db, INTENT, fields, entry_hash=entry.hash, now=now)


def _opening(recipient: Country, keyring: Keyring) -> Letter:
    body: dict[str, canonical.Json] = {"suite": SUITE, "log_origin": keyring.log_origin}
    return Letter(
        type=EntryType.OPEN, recipient=recipient, request_id=None, transfer_id=None, body=body
    )


def _post(
    db: Session,
    letter: Letter,
    head: Head | None,
    *,
    keyring: Keyring,
    now: datetime,
    personal: Mapping[str, str] | None = None,
) -> Head:
    entry = _entry(db, letter, head, keyring=keyring, now=now)
    jws = sign_entry(entry, keyring.seal)
    entries.insert(db, stored(entry, jws, state=EntryState.SIGNED, now=now))
    fields = entry_fields(entry)
    fields |= {
        "direction": "out",
        "peer": letter.recipient,
        "size": letter.size,
        "personal": dict(personal) if personal else None,
    }
    made = channels.head_of(entry)
    post_event(db, INTENT, fields, entry_hash=made.hash, now=now)
    return made


def _entry(
    db: Session, letter: Letter, head: Head | None, *, keyring: Keyring, now: datetime
) -> Entry:
    """Fill in the next place of the chain; `peer` names the last entry we took from the other side."""
    theirs = heads.find(db, identifiers.channel(letter.recipient, keyring.country))
    return channels.next_entry(
        head,
        type=letter.type,
        sender=keyring.country,
        recipient=letter.recipient,
        peer=theirs.head if theirs is not None else None,
        iat=int(now.timestamp()),
        request=letter.request_id,
        body=BODIES[letter.type].read(letter.body),
    )
