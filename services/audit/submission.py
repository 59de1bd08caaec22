"""Use case: take events, durably and once, and answer when they are sequenced and signed.

Callers who come at the same moment share a commit of the inbox, and a look at what became of it.
"""

import itertools
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit import composition, proofs
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.store import Session, entries, inbox, tree
from services.audit.store.inbox import Letter
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, Unavailable

PATIENCE = timedelta(seconds=20)  # what a caller waits at most; the event is kept in any case
GLANCE = 0.1  # seconds; another process may be the sequencer, and its signals are not heard here


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where an event stands in the log, with what proves it."""

    event_id: str
    index: int
    leaf: bytes
    proof: str


def take(
    events: Sequence[Event], *, database: Database, confidential: Confidential, clock: Clock
) -> None:
    """Put events into the inbox; one that is there already stays as it is.

    Raises:
        ProtocolError: an event that could not be recorded; then none is taken.
        Conflict: the id of an event is taken by another one (`event_conflict`); then none is taken.
    """
    letters = enclose(events, confidential)
    with database.begin() as db:
        deliver(db, letters, clock())
    # Commit point. Died before it: nothing was taken, the caller sends again. After it: the events
    # will be sequenced, also if the caller never hears of it.


def enclose(events: Sequence[Event], confidential: Confidential) -> list[Letter]:
    """Check events and seal them for the inbox.

    Raises:
        ProtocolError: one of them could not be recorded.
    """
    for event in events:
        composition.check(event)
    return [_letter(event, confidential) for event in events]


def deliver(db: Session, letters: Sequence[Letter], now: datetime) -> None:
    """Put letters into the inbox, in the transaction of the fact that they tell.

    Raises:
        Conflict: as `take`.
    """
    inbox.add(db, letters, now)
    check_same(letters, inbox.tags(db, [each.event_id for each in letters]))


def check_same(letters: Sequence[Letter], known: Mapping[str, bytes]) -> None:
    """Check that events which are known by their ids say now what they said then.

    Raises:
        Conflict: the id of an event is taken by another one (`event_conflict`).
    """
    for letter in letters:
        if known.get(letter.event_id, letter.tag) != letter.tag:
            raise Conflict(
                "event_conflict",
                "This event id is taken by an event with other content.",
                next_step="Send the event as it was first sent, or a new one with its own id.",
                event_id=letter.event_id,
            )


def submit(
    events: Sequence[Event],
    *,
    database: Database,
    confidential: Confidential,
    clock: Clock,
    signals: Signals,
    patience: timedelta = PATIENCE,
) -> list[Recorded]:
    """Take events and wait until each has its place under a signed checkpoint.

    The same event again gets the same answer, proof included.

    Raises:
        ProtocolError, Conflict: as `take`.
        Unavailable: the log has stopped, or the wait was too long; the events are kept.
    """
    letters = enclose(events, confidential)
    signals.intake.share(letters, lambda every: _deliver_all(every, database, clock))
    # Commit point, as in `take`.
    signals.arrived()
    event_ids = [each.event_id for each in events]
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        seen = signals.generation
        found = signals.outcome.share(event_ids, lambda every: _look(every, database))
        if found:
            return found
        _check_running(signals, deadline)
        signals.await_signed(seen, GLANCE)


def _deliver_all(
    every: Sequence[Sequence[Letter]], database: Database, clock: Clock
) -> list[bool | Exception]:
    """Deliver what several callers brought in one transaction; a conflict is for its caller alone."""
    try:
        with database.begin() as db:
            deliver(db, [letter for letters in every for letter in letters], clock())
    except Conflict as conflict:
        if len(every) == 1:
            return [conflict]
        return [done for letters in every for done in _deliver_all([letters], database, clock)]
    return [True] * len(every)


def _look(every: Sequence[Sequence[str]], database: Database) -> list[list[Recorded]]:
    """Say what is known of what each caller brought; nothing, while some of it has no checkpoint."""
    with database.read() as db:
        known = {each.event_id: each for each in _recorded(db, {*itertools.chain(*every)})}
    return [
        [known[event_id] for event_id in event_ids] if known.keys() >= {*event_ids} else []
        for event_ids in every
    ]


def _check_running(signals: Signals, deadline: float) -> None:
    kept = "The event is kept; send it again to learn its place."
    if signals.alarm is not None:
        raise Unavailable(
            "log_stopped", f"The log takes no entries: {signals.alarm}.", next_step=kept
        )
    if time.monotonic() > deadline:
        raise Unavailable("not_yet_recorded", "The log has not recorded it yet.", next_step=kept)


def _letter(event: Event, confidential: Confidential) -> Letter:
    content = event.encode()
    return Letter(
        event_id=event.event_id,
        tag=confidential.event_tag(content),
        payload=confidential.seal_event(event.event_id, content),
    )


def recorded(db: Session, event_ids: Sequence[str]) -> list[Recorded] | None:
    """What is known of all these events, or None while one of them has no checkpoint."""
    known = {each.event_id: each for each in _recorded(db, {*event_ids})}
    return [known[each] for each in event_ids] if known.keys() >= {*event_ids} else None


def _recorded(db: Session, event_ids: Collection[str]) -> list[Recorded]:
    """Those of these events that have their place under a signed checkpoint."""
    places = inbox.places(db, [*event_ids])
    found = proofs.log_proofs(db, sorted({*places.values()}), tree.first_checkpoint)
    bodies = entries.bodies(db, [*found])
    return [
        Recorded(event_id=event_id, index=index, leaf=bodies[index], proof=found[index])
        for event_id, index in places.items()
        if index in found
    ]
