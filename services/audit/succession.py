"""Use case: close a log, and begin the one that continues it.

    open ──close──▶ closing ──the end is sequenced──▶ closed ──its quorum──▶ ended ◀──open── the next log
    dead ─────────────────── its last published checkpoint ────────────────▶ ended

The last entry of a log that ends as it should is `log.closed`; the first of the next, `log.opened`, names the
last published checkpoint of the one before, so whoever holds the new log holds the old one. A log that
cannot be gone on with (a rollback, a fork, a stolen key) ends where its quorum last cosigned it: nothing
behind that was ever sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit import sequencing, submission
from services.audit.catalogue import (
    INDEX_ROOT,
    KEY_CHANGED,
    LOG_CLOSED,
    LOG_HEARTBEAT,
    POLICY_CHANGED,
)
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.marks import Marks
from services.audit.store import Session, entries, keysets, publication, shards, tree, witness
from services.audit.store.inbox import Letter
from services.audit.store.shards import Ended
from shared.protocol import leaves
from shared.protocol.checkpoints import verify_checkpoint
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import PeerReceipt
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database

YEAR, DEAD = "year_ended", "dead"  # why a log ended
# What a log says of itself alone: the next one has nothing to do with it.
_ITS_OWN = frozenset({INDEX_ROOT, KEY_CHANGED, LOG_CLOSED, LOG_HEARTBEAT, POLICY_CHANGED})


class NotEndedError(Exception):
    """The log cannot be continued by another one as it stands; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A log's database, and what opens what is sealed in it."""

    origin: str
    database: Database
    confidential: Confidential
    clock: Clock


def close(log: Ledger) -> None:
    """Have the log end: the running sequencer makes this its last entry.

    Raises:
        NotEndedError: it is closed already.
    """
    now = log.clock()
    with log.database.read() as db:
        if _closed(db):
            raise NotEndedError(f"{log.origin} is closed")
    event = Event(event_id=new_id(now), type=LOG_CLOSED, event_time=milliseconds(now), reason=YEAR)
    submission.take([event], database=log.database, confidential=log.confidential, clock=log.clock)


def end(log: Ledger, *, dead: bool) -> Ended:
    """Say where a log ended.

    Raises:
        NotEndedError: it is not closed, or its end is not published yet; a dead one was never published.
        ProtocolError: its last published checkpoint is not signed by it.
    """
    with log.database.read() as db:
        head, shown = tree.head(db), publication.latest_published(db)
        if head is None or shown is None:
            raise NotEndedError(f"{log.origin} has never published a checkpoint")
        if not dead and not _closed(db):
            raise NotEndedError(f"{log.origin} is not closed; close it first")
        if not dead and shown.size != head.size:
            raise NotEndedError(
                f"the end of {log.origin} ({head.size} entries) has not its quorum yet"
                f" ({shown.size} are published)"
            )
        vkeys = keysets.ever(db)
    reason = DEAD if dead else YEAR
    return end_by_note(shown.note, log.origin, vkeys, reason=reason, clock=log.clock)


def end_by_note(
    note: str, origin: str, vkeys: Sequence[str], *, reason: str, clock: Clock
) -> Ended:
    """Say where a log ended by its last published checkpoint alone, as witnesses and overseers have it.

    Raises:
        ProtocolError: it is not signed by these keys.
        NotEndedError: it is of another log.
    """
    last = verify_checkpoint(note, vkeys)
    if last.origin != origin:
        raise NotEndedError(f"the checkpoint is of {last.origin}, not of {origin}")
    return Ended(
        origin=origin,
        size=last.size,
        root=last.root,
        note=note,
        vkeys=tuple(vkeys),
        reason=reason,
        at=clock(),
    )


def begin(new: Ledger, ended: Ended, *, before: Database | None, marks: Marks) -> bool:
    """Begin the log that continues another one; False if that was done before.

    Args:
        new: its database is empty.
        ended: where the other one ended.
        before: the other one's database, from which waiting letters and our witness's memory are
            taken over; None if it is lost.
        marks: the witness's second memory, of the new log's data folder.

    Raises:
        NotEndedError: the database holds another log, or one that continues something else.
    """
    with new.database.begin() as db:
        fresh = tree.head(db) is None
        if fresh:
            _begin(db, new, ended, before)
        else:
            _check_continues(db, new.origin, ended)
        cosigned = witness.heads(db)
    # Commit point. Died before it: there is no new log. After it, before the marks: the witness says
    # that it has lost its second memory, until the next call makes it anew from what was carried over.
    marks.begin()
    for note in cosigned.values():
        marks.advance(note)
    return fresh


def _begin(db: Session, new: Ledger, ended: Ended, before: Database | None) -> None:
    sequencing.begin(
        db,
        origin=new.origin,
        confidential=new.confidential,
        now=new.clock(),
        after=_receipt(ended),
        reason=ended.reason,
    )
    if before is None:
        shards.add_ended(db, [ended])
        return
    with before.read() as old:
        shards.add_ended(db, [*shards.ended(old), ended])
        shards.add_waiting(db, _lasting(old, new.confidential))
        shards.carry_over(old, db)


def _lasting(old: Session, confidential: Confidential) -> list[tuple[Letter, datetime]]:
    """The letters that wait for a log, but for those in which the old one speaks of itself."""
    return [
        (letter, received_at)
        for letter, received_at in shards.all_waiting(old)
        if sequencing.opened_event(letter, confidential).type not in _ITS_OWN
    ]


def _closed(db: Session) -> bool:
    head = tree.head(db)
    return head is not None and sequencing.is_closed(db, head)


def _receipt(ended: Ended) -> PeerReceipt:
    return PeerReceipt(origin=ended.origin, index=ended.size - 1, size=ended.size, root=ended.root)


def _check_continues(db: Session, origin: str, ended: Ended) -> None:
    first = leaves.parse(entries.bodies(db, [0])[0])
    if first.log != origin or first.peer_receipt != _receipt(ended):
        raise NotEndedError("the database holds another log, or one that continues another end")
