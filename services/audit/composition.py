"""From an event to its leaf: what the log adds is its name, its time, pseudonyms and counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import final

from services.audit import events
from services.audit.events import Counterpart, Event
from shared.protocol import canonical, leaves
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.commitments import Opening
from shared.protocol.identifiers import parse_id
from shared.protocol.leaves import About, Direction, Leaf, PeerReceipt
from shared.protocol.logproofs import parse_proof
from shared.protocol.merkle import leaf_hash, verify_inclusion
from shared.protocol.notes import read_note


@final
@dataclass(frozen=True, slots=True)
class Place:
    """A place in a dense count (of a case's, or a peer's entries) and the index of the one before."""

    seq: int = 0
    prev: int | None = None

    def after(self, index: int) -> "Place":
        """The next place, when this one was taken at `index`."""
        return Place(self.seq + 1, index)


def check(event: Event) -> None:
    """Check that an event is as the catalogue has it and will make a leaf; nothing may fail later.

    Raises:
        FormatError: it is not, or has a member out of grammar.
        LogProofError: the peer's leaf does not stand where its proof says.
    """
    events.check(event)
    # A leaf under a stand-in name, time and case shows that every member is within its grammar.
    draft = compose(
        event,
        origin="draft",
        seq_time=leaves.parse_time(event.event_time),
        openings=openings(event),
        case=None if event.case_id is None else (_stand_in(event.case_id), Place()),
        peer=None if event.peer is None else Place(),
    )
    leaves.build(draft)


def openings(event: Event) -> list[Opening]:
    """The personal fields of an event, each with a fresh salt."""
    return [Opening(name=name, value=value) for name, value in (event.personal or {}).items()]


def compose(
    event: Event,
    *,
    origin: str,
    seq_time: datetime,
    openings: Sequence[Opening],
    case: tuple[str, Place] | None,
    peer: Place | None,
) -> Leaf:
    """Make the leaf of an event: `case` is its pseudonym and place, `peer` the place among the peer's."""
    about = event.about
    return Leaf(
        type=event.type,
        log=origin,
        seq_time=seq_time,
        event_id=event.event_id,
        event_time=leaves.parse_time(event.event_time),
        transfer_id=event.transfer_id,
        direction=None if event.direction is None else Direction(event.direction),
        peer=event.peer,
        channel=event.channel,
        epoch=event.epoch,
        seq=event.seq,
        entry_type=event.entry_type,
        entry_hash=event.entry_hash,
        about=None if about is None else About(**about.model_dump()),
        outcome=event.outcome,
        case_ref=case and case[0],
        case_seq=case and case[1].seq,
        case_prev=case and case[1].prev,
        peer_seq=peer and peer.seq,
        peer_prev=peer and peer.prev,
        size=event.size,
        commit=(event.commit or {}) | {each.name: each.commitment() for each in openings},
        peer_receipt=_told(event.counterpart),
        reason=event.reason,
        count=event.count,
    )


def _stand_in(case_id: str) -> str:
    return sha256(parse_id(case_id).encode()).hexdigest()


def _told(counterpart: Counterpart | None) -> PeerReceipt | None:
    if counterpart is None:
        return None
    return peer_receipt(canonical.unb64u(counterpart.leaf), counterpart.proof)


def peer_receipt(leaf: bytes, proof: str) -> PeerReceipt:
    """Where a peer's leaf stands in its log. The signatures were checked by who received the entry.

    Raises:
        FormatError, LogProofError: that is not what the proof shows.
    """
    read = parse_proof(proof)
    stated = read_checkpoint(read_note(read.checkpoint).text)
    verify_inclusion(read.index, stated.size, leaf_hash(leaf), read.path, stated.root)
    return PeerReceipt(origin=stated.origin, index=read.index, size=stated.size, root=stated.root)
