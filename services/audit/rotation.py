"""Use case: change the log's keys, with a time in which the old and the new ones both sign.

    old ──new key drawn──▶ old + new ──OVERLAP, directory names both──▶ new

The keys that sign are those that the process was started with. The first start with another set puts
`log.key_changed` into the log, which commits to the set. A key that was not there for the whole of the
overlap can not be left alone: whoever knows only the old ones would see an unsigned log. A key that was
stolen is not rotated: its log is dead (deploy/OPERATING.md).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from services.audit import submission
from services.audit.alarms import KeysChanged
from services.audit.catalogue import KEY_CHANGED
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.store import keysets
from services.audit.store.keysets import KeySet
from shared.protocol.identifiers import new_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database

OVERLAP = timedelta(days=30)


def note(
    vkeys: Sequence[str], *, database: Database, confidential: Confidential, clock: Clock
) -> None:
    """Note the keys that sign from now on, in the log as well if they are others than before.

    Raises:
        KeysChanged: one that signed before is gone, and what is left has not signed for the overlap.
    """
    now = clock()
    with database.begin() as db:
        known = keysets.history(db)
        if not known:
            keysets.add(db, vkeys, event_id=None, now=now)
        elif set(known[-1].vkeys) != set(vkeys):
            _check(known, vkeys, now)
            event = _event(vkeys, now)
            submission.deliver(db, submission.enclose([event], confidential), now)
            keysets.add(db, vkeys, event_id=event.event_id, now=now)
    # Commit point. Died before it: the next start notes them. After it: the entry will be sequenced.


def commitment(vkeys: Iterable[str]) -> str:
    """What the entry commits to: SHA-256 over the verifier keys, sorted, each with a newline."""
    return sha256("".join(f"{vkey}\n" for vkey in sorted(vkeys)).encode()).hexdigest()


def _check(known: Sequence[KeySet], vkeys: Sequence[str], now: datetime) -> None:
    if set(known[-1].vkeys) <= set(vkeys):
        return
    since = now
    for each in reversed(known):
        if not set(vkeys) <= set(each.vkeys):
            break
        since = each.noted_at
    if now - since < OVERLAP:
        raise KeysChanged(
            f"the keys that are left sign since {since.isoformat()}, and must do so beside the ones"
            f" before for {OVERLAP.days} days: put those back"
        )


def _event(vkeys: Sequence[str], now: datetime) -> Event:
    return Event(
        event_id=new_id(now),
        type=KEY_CHANGED,
        event_time=milliseconds(now),
        commit={"vkeys": commitment(vkeys)},
        count=len(vkeys),
    )
