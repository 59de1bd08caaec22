"""Use case: give waiting events their place in the log, exactly once, by one writer.

Nothing is kept in memory between two batches: after any failure, and above all when it is unknown
whether a commit happened, the next batch starts from what the database says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.audit import composition
from services.audit.alarms import ClockBehind, CorruptLog, LeadLost, LogClosed
from services.audit.catalogue import ERASED, LOG_CLOSED, LOG_OPENED
from services.audit.composition import Place
from services.audit.confidential import CASE_KEY_FIELD, Confidential, seal_opening
from services.audit.events import MAX_EVENTS, Event
from services.audit.store import Session, entries, inbox, tree
from services.audit.store.entries import PeerLeaf, SealedOpening
from shared.protocol import canonical, leaves
from shared.protocol.commitments import Opening
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import Leaf, PeerReceipt
from shared.protocol.merkle import leaf_hash
from shared.runtime.clock import Clock
from shared.runtime.database import Database

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(slots=True, kw_only=True)
class _Batch:
    """What one transaction appends."""

    leaves: list[Leaf] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    counterparts: list[PeerLeaf] = field(default_factory=list)
    openings: list[SealedOpening] = field(default_factory=list)
    new_keys: dict[str, bytes] = field(default_factory=dict)
    erased: str | None = None  # the case whose openings end with this batch


def open_log(
    *, database: Database, origin: str, confidential: Confidential, clock: Clock, known: int
) -> int:
    """Take the lead of the log, and give a new one its first entry; return our epoch.

    From here on no earlier sequencer can append. The epoch is higher than the head's and than `known`,
    the signer's: they differ where one of the two came from a copy.

    Raises:
        CorruptLog: the log was opened under another origin or another K_log.
    """
    with database.begin() as db:
        head = tree.head(db)
        if head is None:
            begin(db, origin=origin, confidential=confidential, now=clock())
        else:
            _check_opened(db, origin, confidential)
        return tree.take_lead(db, known)
    # Commit point. Died before it: the next start does the same. After it: the lead is ours alone.


def begin(
    db: Session,
    *,
    origin: str,
    confidential: Confidential,
    now: datetime,
    after: PeerReceipt | None = None,
    reason: str | None = None,
) -> None:
    """Give a new log its first entry; `after` is where the log that it continues ended, and why."""
    at = _whole(now)
    first = replace(_opened(origin, confidential, at), peer_receipt=after, reason=reason)
    _append(db, tree.create_head(db, at), _Batch(leaves=[first]), at)


def sequence(
    *, database: Database, origin: str, confidential: Confidential, clock: Clock, epoch: int
) -> int:
    """Append a batch of the waiting events; return how many.

    Raises:
        LeadLost: another sequencer has the lead.
        LogClosed: the last entry says that nothing follows.
        ClockBehind: the clock stands before the last entry.
    """
    with database.begin() as db:
        head = tree.head(db)
        if head is None or head.epoch != epoch:
            raise LeadLost("another sequencer has the lead")
        if is_closed(db, head):
            raise LogClosed(head.size)
        waiting = inbox.waiting(db, MAX_EVENTS)
        if not waiting:
            return 0
        now = _time_after(head, clock)
        events = _one_batch([opened_event(letter, confidential) for letter in waiting])
        batch = _compose(db, events, origin=origin, confidential=confidential, head=head, now=now)
        _append(db, head, batch, now)
        return len(events)
    # Commit point. If we die before it, the events still wait and no index was given. If we die after
    # it, or do not learn that it happened, they have their indexes and the next batch begins behind
    # them; who sent them asks again by event id and gets the same places.


def is_closed(db: Session, head: tree.Head) -> bool:
    """Whether the last entry says that nothing follows."""
    found = entries.bodies(db, [head.size - 1])
    return bool(found) and leaves.parse(found[head.size - 1]).type == LOG_CLOSED


def _append(db: Session, head: tree.Head, batch: _Batch, now: datetime) -> None:
    """Write a batch behind the head, which nobody may have moved."""
    bodies = [leaves.build(leaf) for leaf in batch.leaves]
    frontier = tree.frontier(db, head.size)
    nodes = [node for body in bodies for node in frontier.add(leaf_hash(body))]
    # The swap comes first: it locks the head, and whoever lost the lead writes nothing.
    if not tree.move_head(db, head, size=frontier.size, root=frontier.root(), time=now):
        raise LeadLost("the head was moved by another sequencer")
    numbered = enumerate(zip(batch.leaves, bodies, strict=True), start=head.size)
    entries.add(db, [entries.columns(index, leaf, body) for index, (leaf, body) in numbered])
    tree.add_nodes(db, nodes)
    entries.add_counterparts(db, batch.counterparts)
    if batch.erased is not None:
        entries.erase(db, batch.erased)
    entries.add_case_keys(db, batch.new_keys)
    entries.add_openings(db, batch.openings)
    inbox.settle(db, batch.places)


def _compose(
    db: Session,
    events: list[Event],
    *,
    origin: str,
    confidential: Confidential,
    head: tree.Head,
    now: datetime,
) -> _Batch:
    """Make the leaves of a batch and what is kept beside them."""
    batch = _Batch()
    refs = {each.case_id: confidential.case_ref(each.case_id) for each in events if each.case_id}
    cases = entries.next_case_places(db, refs.values())
    peers = entries.next_peer_places(db, {each.peer for each in events if each.peer})
    keys = _keys(db, events, refs, confidential, batch)
    for index, event in enumerate(events, start=head.size):
        ref = refs[event.case_id] if event.case_id else None
        if event.type == ERASED and ref:
            event = event.model_copy(update={"count": _erase(db, batch, ref)})  # noqa: PLW2901
        openings = composition.openings(event)
        leaf = composition.compose(
            event,
            origin=origin,
            seq_time=now,
            openings=openings,
            case=(ref, cases[ref]) if ref else None,
            peer=peers[event.peer] if event.peer else None,
        )
        _take_places(cases, ref, index)
        _take_places(peers, event.peer, index)
        batch.leaves.append(leaf)
        batch.places[event.event_id] = index
        batch.counterparts += _counterpart(event, index)
        owner = _owner(event, refs)
        batch.openings += _sealed(openings, index, owner, keys.get(owner))
    return batch


def _keys(
    db: Session,
    events: Iterable[Event],
    refs: dict[str, str],
    confidential: Confidential,
    batch: _Batch,
) -> dict[str, bytes]:
    """The opening keys of all owners in a batch; keys of new owners are made and noted in it."""
    owners = {_owner(each, refs) for each in events if each.personal}
    keys = {
        owner: confidential.case_key(owner, wrapped)
        for owner, wrapped in entries.case_keys(db, owners).items()
    }
    for owner in owners - set(keys):
        keys[owner], batch.new_keys[owner] = confidential.new_case_key(owner)
    return keys


def _owner(event: Event, refs: dict[str, str]) -> str:
    """Under whose key the openings of an event are kept; who had a case erased outlives its key."""
    of_case = event.case_id is not None and event.type != ERASED
    return refs[str(event.case_id)] if of_case else event.event_id


def _one_batch(events: list[Event]) -> list[Event]:
    """End a batch with an erasure, which erases nothing that follows, and with the end of the log."""
    for number, event in enumerate(events, start=1):
        if event.type in {ERASED, LOG_CLOSED}:
            return events[:number]
    return events


def _erase(db: Session, batch: _Batch, case_ref: str) -> int:
    """Let a case's key and openings go with this batch, those of the batch itself too; count them."""
    kept = [each for each in batch.openings if each.owner != case_ref]
    count = len(batch.openings) - len(kept) + entries.count_openings(db, case_ref)
    batch.openings = kept
    batch.new_keys.pop(case_ref, None)
    batch.erased = case_ref
    return count


def _take_places(places: dict[str, Place], owner: str | None, index: int) -> None:
    if owner is not None:
        places[owner] = places[owner].after(index)


def _counterpart(event: Event, index: int) -> list[PeerLeaf]:
    told = event.counterpart
    if told is None:
        return []
    return [PeerLeaf(index=index, leaf=canonical.unb64u(told.leaf), proof=told.proof)]


def _sealed(
    openings: Iterable[Opening], index: int, owner: str, key: bytes | None
) -> list[SealedOpening]:
    return [
        SealedOpening(
            index=index,
            name=each.name,
            owner=owner,
            salt=each.salt,
            sealed=seal_opening(key, index, each),
        )
        for each in openings
        if key is not None
    ]


def opened_event(letter: inbox.Letter, confidential: Confidential) -> Event:
    """What a letter says.

    Raises:
        SealError: it was changed, or another key sealed it.
    """
    return Event.model_validate_json(confidential.open_event(letter.event_id, letter.payload))


def _opened(origin: str, confidential: Confidential, now: datetime) -> Leaf:
    """The first leaf of every log: it binds the log to its K_log."""
    return Leaf(
        type=LOG_OPENED,
        log=origin,
        seq_time=now,
        event_time=now,
        event_id=new_id(now),
        commit={CASE_KEY_FIELD: confidential.case_key_digest()},
    )


def _check_opened(db: Session, origin: str, confidential: Confidential) -> None:
    first = leaves.parse(entries.bodies(db, [0])[0])
    expected = replace(first, log=origin, commit={CASE_KEY_FIELD: confidential.case_key_digest()})
    if first != expected:
        raise CorruptLog(0, "the log was opened under another origin or another case key")


def _time_after(head: tree.Head, clock: Clock) -> datetime:
    """The time of the next entries: times never go back, and are never made up."""
    now = _now(clock)
    if now < head.last_time:
        raise ClockBehind(head.last_time - now)
    return now


def _now(clock: Clock) -> datetime:
    """The present, in whole milliseconds as leaves have it."""
    return _whole(clock())


def _whole(now: datetime) -> datetime:
    return now - timedelta(microseconds=now.microsecond % 1000)
