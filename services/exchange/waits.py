"""What the last thing that we wrote about a request or package waits for, in words for people."""

from collections.abc import Mapping, Sequence

from services.exchange.states import Direction, EntryState
from services.exchange.store import Session, entries, listing
from services.exchange.store import channels as heads
from services.exchange.store.entries import StoredEntry
from shared.protocol import identifiers
from shared.protocol.entries import EntryType

_ANSWERED = frozenset({EntryType.REQUEST, EntryType.PACKAGE})
_WAITS = {
    EntryState.SIGNED: "this country's log has to take it before it may leave",
    EntryState.LOGGED: "the witnesses of this country's log have to cosign it before it may leave",
}


def waiting_for(db: Session, transfer_id: str) -> str | None:
    """Say what one waits for; None for nothing."""
    entry = entries.latest_about(db, transfer_id)
    return None if entry is None else _told(db, entry, _channel(db, entry.channel))


def waiting(db: Session, transfer_ids: Sequence[str]) -> Mapping[str, str]:
    """Say what many wait for; who waits for nothing is not in it."""
    channels: dict[str, _Channel] = {}
    told = {}
    for entry in listing.latest_about(db, transfer_ids):
        if entry.channel not in channels:
            channels[entry.channel] = _channel(db, entry.channel)
        words = _told(db, entry, channels[entry.channel])
        if words is not None and entry.transfer_id is not None:
            told[entry.transfer_id] = words
    return told


_Channel = tuple[str | None, StoredEntry | None]  # why it is frozen, and what leaves next


def _channel(db: Session, name: str) -> _Channel:
    channel = heads.find(db, name)
    return (channel.frozen if channel else None), entries.next_to_send(db, name)


def _told(db: Session, entry: StoredEntry, channel: _Channel) -> str | None:
    frozen, first = channel
    peer = identifiers.parse_channel(entry.channel)[1]
    if frozen is not None:
        return f"the channel {entry.channel} is frozen: {frozen}"
    if entry.state is EntryState.DELIVERED:
        unanswered = entry.type in _ANSWERED and not entries.receipts(db, entry.hash, Direction.IN)
        return f"{peer} has it; its receipt is on the way" if unanswered else None
    return _held_up(first or entry) or _WAITS.get(entry.state, f"it is on its way to {peer}")


def _held_up(first: StoredEntry) -> str | None:
    """Say what keeps the first of a channel, which all others wait for."""
    if first.due_at is None or (first.failing_since is None and first.last_error is None):
        return None
    since = (
        "" if first.failing_since is None else f" since {first.failing_since:%Y-%m-%d %H:%M:%S} UTC"
    )
    return f"{first.last_error}{since}; next try at {first.due_at:%H:%M:%S} UTC"
