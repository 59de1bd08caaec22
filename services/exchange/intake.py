"""Use case: take in an entry of a peer: prove it, put it in its place, do what it says, receipt it.

What is proven, in this order: the envelope's shape; sender and recipient; both signatures, by keys the
directory has for the sender; leaf and log proof; that the sender's log has only grown since the last
checkpoint kept; the place in the chain. So a stolen token alone cannot freeze a channel, nor can what
a token's holder makes up. The same entry again gets the same answer, at any time.

A refusal of any of these is of the transport: nothing is chained, the sender repairs and sends again.
A refusal of what the entry *says* takes its place in the chain, and the receipt tells why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.exchange import correspondence, settlement
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.keyring import Keyring
from services.exchange.records import EntryRef
from services.exchange.refusing import Refusals
from services.exchange.states import Direction, EntryState
from services.exchange.store import Session, entries, peers
from services.exchange.store import channels as heads
from shared.protocol import canonical, channels, identifiers, verification
from shared.protocol.chainfolder import LoggedEntry
from shared.protocol.checkpoints import Checkpoint, check_extends, read_checkpoint
from shared.protocol.entries import Entry, read_entry
from shared.protocol.errors import ForkError, InconsistentLogError, ProtocolError
from shared.protocol.logproofs import parse_proof
from shared.protocol.messages import Envelope, ReceiptKind
from shared.protocol.notes import read_note
from shared.protocol.receipts import UNRECEIPTED
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict, NotAllowed, Refusal, Unprocessable

SKEW = timedelta(minutes=5)  # how far a peer's clock may be ahead of ours
FORK, LOG = "fork", "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The entry is here, durable; `again` when it was already."""

    hash: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proven:
    """What is known of an entry before the store is asked."""

    envelope: Envelope
    logged: LoggedEntry
    log_index: int  # of the leaf, in the sender's log
    checkpoint: Checkpoint  # under which it is proven
    note: str  # the same, as it was signed
    arrived: Arrived


class _ContradictionError(Exception):
    """The peer has signed two things that cannot both be true; both are evidence."""

    def __init__(self, error: ProtocolError, kind: str, first: bytes, second: bytes) -> None:
        super().__init__(error.detail)
        self.error, self.kind, self.first, self.second = error, kind, first, second


def receive(
    envelope: bytes,
    *,
    sender: str,
    bench: Bench,
    refusals: Refusals,
) -> Taken:
    """Take in one entry; `sender` is the country that the gateway has authenticated.

    Raises:
        NotAllowed: the entry is not from `sender` to us.
        Unprocessable: the sender is no active member, or its clock is far ahead.
        ProtocolError: something does not prove what it claims; GapError names what is expected.
        Conflict: `log_size` when the consistency proof does not start at the size that we know,
            which the fact `known` is; `channel_frozen`.
    """
    now = refusals.clock()
    try:
        proven = _prove(
            envelope, sender=sender, keyring=bench.keyring, directory=bench.directory, now=now
        )
        return _receive(proven, bench)
    except (ProtocolError, Refusal) as refused:
        refusals.note(sender, refused.code)
        raise


def _receive(proven: _Proven, bench: Bench) -> Taken:
    try:
        with bench.database.begin() as db:
            return _take(db, proven, bench)
        # Commit point. Before it nothing has happened here, and the sender, unanswered, sends again;
        # after it entry, effect, receipt and events are all durable, and the sender, unanswered,
        # sends again and gets the same answer.
    except _ContradictionError as found:
        with bench.database.begin() as db:
            _keep_evidence(db, proven.arrived, found)
        raise found.error from found


def _prove(
    data: bytes, *, sender: str, keyring: Keyring, directory: Directory, now: datetime
) -> _Proven:
    envelope = Envelope.from_bytes(data)
    jws = envelope.entry.encode()
    claimed = read_entry(jws).entry
    if (claimed.sender, claimed.recipient) != (sender, keyring.country):
        raise NotAllowed(
            "peer_not_allowed",
            f"{sender} may write {identifiers.channel(sender, keyring.country)} and nothing else.",
            rule="architecture 5",
        )
    member = directory.active(sender, now)
    entry = verification.check_entry(jws, claimed, directory.members)
    if entry.iat > int((now + SKEW).timestamp()):
        raise Unprocessable(
            "clock_ahead",
            "The entry was written in the future, by this country's clock.",
            next_step="Have both countries' operators compare their clocks with UTC.",
        )
    proof = envelope.proof.encode()
    logged = LoggedEntry.of(jws, leaf=canonical.unb64u(envelope.leaf), proof=proof)
    verification.check_logged(logged, entry, member)
    log_proof = parse_proof(envelope.proof)
    arrived = Arrived(
        entry=entry,
        reference=_reference(entry),
        sender=member,
        own=directory.member(keyring.country),
        at=now,
    )
    return _Proven(
        envelope=envelope,
        logged=logged,
        log_index=log_proof.index,
        checkpoint=read_checkpoint(read_note(log_proof.checkpoint).text),
        note=log_proof.checkpoint,
        arrived=arrived,
    )


def _take(db: Session, proven: _Proven, bench: Bench) -> Taken:
    entry, place = proven.arrived.entry, proven.arrived.reference
    channel = heads.lock(db, entry.channel, Direction.IN)
    held = entries.at(db, entry.channel, entry.epoch, entry.seq)
    if held is not None and held.hash == place.hash:
        return Taken(hash=place.hash, again=True)
    _check_log(db, proven)
    if held is not None:
        fork = ForkError(
            f"place {entry.epoch}/{entry.seq} of {entry.channel} holds another entry",
            held=held.hash,
            epoch=entry.epoch,
            seq=entry.seq,
        )
        raise _ContradictionError(fork, FORK, held.jws, proven.logged.jws)
    _check_open(channel)
    channels.check_next(channel.head, entry)
    _place(db, proven, bench, channel)
    return Taken(hash=place.hash, again=False)


def _place(db: Session, proven: _Proven, bench: Bench, channel: heads.Channel) -> None:
    """Do what the entry says, put it in its place, and answer it."""
    entry = proven.arrived.entry
    refused: ContentRefusedError | None = None
    try:
        settlement.settle(db, proven.arrived, bench)
    except ContentRefusedError as error:
        refused = error
    stored = correspondence.stored(
        entry,
        proven.logged.jws,
        state=EntryState.REJECTED if refused else EntryState.ACCEPTED,
        now=proven.arrived.at,
        leaf=proven.logged.leaf,
        log_index=proven.log_index,
        proof=proven.envelope.proof,
        error=_told(refused),
    )
    entries.insert(db, stored)
    heads.move_head(db, entry.channel, channel.head, channels.head_of(entry))
    _keep_checkpoint(db, proven)
    _tell_log(db, proven, refused)
    if entry.type in UNRECEIPTED:
        return
    kind = ReceiptKind.RELAY_REJECTION if refused else ReceiptKind.RELAY_ACCEPTANCE
    letter = correspondence.receipt(
        entry, kind, reason=_told(refused), writer=bench.keyring.country
    )
    correspondence.append(db, letter, keyring=bench.keyring, now=proven.arrived.at)


def _told(refused: ContentRefusedError | None) -> str | None:
    return f"{refused.code}: {refused.detail}" if refused else None


def _check_open(channel: heads.Channel) -> None:
    if channel.frozen is not None:
        raise Conflict(
            "channel_frozen",
            f"The channel {channel.name} is frozen: {channel.frozen}.",
            rule="architecture 5",
            next_step="Two officers of each country settle it and resync the channel.",
        )


def _check_log(db: Session, proven: _Proven) -> None:
    """Check that the sender's log is the one we knew, grown; older proofs are checked backwards.

    Only two signed notes of one size with two roots contradict each other by themselves. A proof
    between two sizes is nobody's signature, so a bad one is refused and freezes nothing.
    """
    kept = peers.kept_log(db, proven.arrived.entry.sender)
    new = proven.checkpoint
    if kept is not None and kept.checkpoint.origin != new.origin:
        proven.arrived.sender.check_follows(kept.checkpoint, new)
        kept = None
    known = kept.checkpoint.size if kept else 0
    if kept is not None and new.size == known and new.root != kept.checkpoint.root:
        error = InconsistentLogError("two roots are signed for one size", size=known)
        raise _ContradictionError(error, LOG, kept.note.encode(), proven.note.encode())
    if proven.envelope.old_size != known:
        raise Conflict(
            "log_size",
            "The consistency proof must begin at the size of the log that was accepted last.",
            known=known,
        )
    if kept is None:
        return
    hashes = [canonical.unb64(text) for text in proven.envelope.consistency]
    old, grown = sorted((kept.checkpoint, new), key=lambda checkpoint: checkpoint.size)
    check_extends(old, grown, hashes)


def _keep_checkpoint(db: Session, proven: _Proven) -> None:
    kept = peers.kept_log(db, proven.arrived.entry.sender)
    new = proven.checkpoint
    follows = kept is not None and new.origin != kept.checkpoint.origin
    if kept is None or follows or new.size > kept.checkpoint.size:
        peers.keep_log(
            db,
            proven.arrived.entry.sender,
            peers.KeptLog(checkpoint=new, note=proven.note),
        )


def _keep_evidence(db: Session, arrived: Arrived, found: _ContradictionError) -> None:
    """Keep both sides, and let nothing more pass between the two countries."""
    peer = arrived.entry.sender
    peers.add_contradiction(
        db,
        peers.Contradiction(
            peer=peer, kind=found.kind, first=found.first, second=found.second, at=arrived.at
        ),
    )
    back = identifiers.channel(arrived.entry.recipient, peer)
    for name, direction in ((arrived.entry.channel, Direction.IN), (back, Direction.OUT)):
        heads.lock(db, name, direction)
        heads.freeze(db, name, f"{peer} has signed a contradiction ({found.error.detail})")
    reason = f"peer_{found.kind}"
    correspondence.record(
        db, "channel.frozen", case_id=None, peer=peer, reason=reason, now=arrived.at
    )


def _tell_log(db: Session, proven: _Proven, refused: ContentRefusedError | None) -> None:
    entry = proven.arrived.entry
    size = entry.body.get("size")
    fields = correspondence.entry_fields(entry)
    fields |= {
        "direction": "in",
        "peer": entry.sender,
        "size": size if isinstance(size, int) else None,
        "reason": refused.code if refused else None,
        "counterpart": {"leaf": proven.envelope.leaf, "proof": proven.envelope.proof},
    }
    correspondence.post_event(
        db, correspondence.RECEIVED, fields, entry_hash=None, now=proven.arrived.at
    )


def _reference(entry: Entry) -> EntryRef:
    head = channels.head_of(entry)
    return EntryRef(channel=entry.channel, epoch=head.epoch, seq=head.seq, hash=head.hash)
