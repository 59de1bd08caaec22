"""Set our own channel right by what the peer has of it: after a restore, ours or the peer's.

| the peer's head of our channel | what has happened | what is done |
|---|---|---|
| ours, or an entry of ours before it | the usual; or the peer was restored | send again from there |
| further than ours, signed by us | we were restored from a backup | take our entries back first |
| another entry at a place that we have | both, and we signed again | freeze, keep both as evidence |

Whatever is taken back must bear our own signatures: a peer cannot put words into our mouth.
"""

from dataclasses import dataclass
from datetime import datetime

from services.exchange import correspondence
from services.exchange.keyring import Keyring
from services.exchange.states import Direction, EntryState
from services.exchange.store import Session, entries, peers
from services.exchange.store import channels as heads
from services.exchange.store.entries import StoredEntry
from shared.protocol import canonical, channels, identifiers
from shared.protocol.canonical import Json
from shared.protocol.channels import Head
from shared.protocol.entries import Entry, verify_entry
from shared.protocol.errors import ChainError, FormatError
from shared.protocol.logproofs import parse_proof

FORK = "fork"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Our entry that a peer has as the last of our channel."""

    head: Head
    jws: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """An entry of ours as the peer keeps it."""

    entry: str
    leaf: bytes
    proof: str


def shown_head(answer: Json, channel: str, keyring: Keyring) -> Shown | None:
    """Read what a peer says is the head of our channel; None when it has nothing of it.

    Raises:
        ProtocolError: it is not an entry that we have signed.
    """
    rows = answer.get("heads") if isinstance(answer, dict) else None
    for row in rows if isinstance(rows, list) else []:
        match row:
            case {"channel": str(name), "entry": str(jws)} if name == channel:
                entry = _own(jws.encode(), keyring, channel)
                return Shown(head=channels.head_of(entry), jws=jws.encode())
    return None


def read_returned(answer: Json) -> list[Returned]:
    """Read the entries that a peer returns.

    Raises:
        FormatError: they are not in the form agreed.
    """
    rows = answer.get("entries") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise FormatError("entries are returned as a list")
    returned = []
    for row in rows:
        match row:
            case {"entry": str(jws), "leaf": str(leaf), "proof": str(proof)}:
                returned.append(Returned(entry=jws, leaf=canonical.unb64u(leaf), proof=proof))
            case _:
                raise FormatError("an entry is returned with its leaf and its proof")
    return returned


def compare(
    db: Session, channel: str, shown: Shown | None, *, peer: str, now: datetime
) -> tuple[int, int] | None:
    """Compare our channel with what the peer has of it, and send again what it lacks.

    Returns:
        The place (epoch, seq) from which our own entries have to be taken back; None for none.
    """
    own = heads.lock(db, channel, Direction.OUT).head
    if shown is None:
        entries.send_again_from(db, channel, 0, 0, now)
        return None
    theirs = shown.head
    held = entries.at(db, channel, theirs.epoch, theirs.seq)
    if held is not None and held.hash != theirs.hash:
        freeze_forked(db, held, shown.jws, peer=peer, now=now)
        return None
    if held is not None:
        entries.send_again_from(db, channel, theirs.epoch, theirs.seq + 1, now)
        return None
    return (own.epoch, own.seq + 1) if own is not None else (0, 0)


def take_back(
    db: Session, channel: str, returned: list[Returned], *, keyring: Keyring, now: datetime
) -> tuple[int, int] | None:
    """Put our own entries back in their places; return the next place to ask for, if any.

    Raises:
        ChainError: they do not follow from what we have.
        ProtocolError: we have not signed them.
    """
    before = heads.lock(db, channel, Direction.OUT).head
    head = before
    for each in returned:
        jws = each.entry.encode()
        entry = _own(jws, keyring, channel)
        channels.check_next(head, entry)
        head = channels.head_of(entry)
        entries.insert(
            db,
            correspondence.stored(
                entry,
                jws,
                state=EntryState.DELIVERED,
                now=now,
                leaf=each.leaf,
                proof=each.proof,
                log_index=parse_proof(each.proof).index,
            ),
        )
    if head is None or head == before:
        return None
    heads.move_head(db, channel, before, head)
    return head.epoch, head.seq + 1


def freeze_forked(
    db: Session, ours: StoredEntry, theirs: bytes, *, peer: str, now: datetime
) -> None:
    """Keep two entries of ours for one place, and write nothing more until officers have resynced."""
    found = peers.Contradiction(peer=peer, kind=FORK, first=ours.jws, second=theirs, at=now)
    peers.add_contradiction(db, found)
    why = f"{peer} holds another entry of ours at {ours.epoch}/{ours.seq}"
    heads.freeze(db, ours.channel, why)
    correspondence.record(db, "channel.frozen", case_id=None, peer=peer, reason="own_fork", now=now)


def _own(jws: bytes, keyring: Keyring, channel: str) -> Entry:
    entry = verify_entry(jws, [keyring.seal.public()])
    if entry.channel != channel or identifiers.parse_channel(channel)[0] != keyring.country:
        raise ChainError("the entry is of another channel", channel=entry.channel)
    return entry
