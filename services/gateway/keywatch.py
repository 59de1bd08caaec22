"""Says in time that the last key of a client ends: in health from 30 days before, and once to the log."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.gateway import clients, store
from services.gateway.clients import Office
from services.gateway.enrolment import WARNING
from services.gateway.records import Act, Enrolled, Key, Status
from shared.protocol.canonical import Json
from shared.runtime.clock import milliseconds
from shared.runtime.crew import Crew
from shared.runtime.database import Pulse

PACE: Final = timedelta(hours=1)
LOOK: Final = 30.0  # seconds between two looks at the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A client that can call no more after `key` unless it is given another."""

    client_id: str
    key: Key


def endings(everyone: Sequence[Enrolled], now: datetime) -> list[Ending]:
    """Return the clients that may call and whose last key ends within 30 days, or has ended."""
    warned = int((now + WARNING).timestamp())
    last = [
        Ending(client_id=client.client_id, key=max(client.keys, key=lambda key: key.exp))
        for client in everyone
        if client.status is Status.ACTIVE and client.keys
    ]
    return [each for each in last if each.key.exp <= warned]


def told(office: Office) -> dict[str, Json]:
    """Say for the operators whose keys end, and how many proposals wait for a decision."""
    now = office.clock()
    ending: list[Json] = [
        {
            "client_id": each.client_id,
            "kid": each.key.kid,
            "until": milliseconds(datetime.fromtimestamp(each.key.exp, UTC)),
        }
        for each in endings(office.everyone(), now)
    ]
    waiting = [each for each in office.proposals() if clients.status_of(each, now) == "open"]
    return {"keys_ending": ending, "proposals_open": len(waiting)}


@dataclass(slots=True, kw_only=True)
class KeyWatch:
    """Records, once for each key, that a client's last one is about to end."""

    office: Office
    due_at: datetime | None = None

    def begin(self) -> None:
        """Nothing is taken over: the first look is due at once."""

    def work(self) -> bool:
        """Look, if it is time to."""
        now = self.office.clock()
        if self.due_at is not None and now < self.due_at:
            return False
        for each in endings(self.office.everyone(), now):
            self._record(each, now)
        self.due_at = now + PACE
        return False

    def _record(self, ending: Ending, now: datetime) -> None:
        key = ending.key
        with self.office.database.begin() as db:
            # Commit point: mark and event together, so that it is told once, whatever dies.
            if store.use_once(db, "key-ending", ending.client_id, key.kid, key.exp + 1):
                clients.record(
                    db, "client.key_expiring", ending.client_id, Act.ROTATE, now, keys=key.kid
                )


def crew(office: Office) -> Crew:
    """Return the thread that looks."""
    jobs = {"client-keys": KeyWatch(office=office)}
    return Crew(jobs, threading.Event(), Pulse(), idle=LOOK)
