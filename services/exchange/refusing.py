"""Every entry of a peer that is refused is on record, and no peer can fill the record by being refused.

The first refusals of a minute, of one peer for one reason, are events of their own; what follows in that
minute is one event with a count. What is routine between two nodes that go on from where they were (a gap,
another size of the log) is no refusal. Who wants to read evidence without an officer's leave is recorded
in the same way: the gateway, which records what it refuses, may be the one that tries.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.exchange import correspondence
from shared.protocol import canonical
from shared.runtime.clock import Clock
from shared.runtime.database import Database

ENTRY, READING = "transfer.refused", "evidence.refused"
SINGLES = 10  # events in a minute, of one peer for one reason
ROUTINE = frozenset({"gap", "log_size"})


@dataclass(slots=True)
class Refusals:
    """Notes refusals; as a job, writes down what was only counted, when its minute is over."""

    database: Database
    clock: Clock
    _minute: datetime | None = None
    _counted: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, peer: str, code: str) -> None:
        """Record that an entry of a peer was refused, and by which code."""
        if code not in ROUTINE:
            self._note(ENTRY, peer, code, {})

    def note_reading(self, peer: str, code: str, personal: Mapping[str, str]) -> None:
        """Record that evidence of a peer was not handed out, why, and who wanted it."""
        self._note(READING, peer, code, personal)

    def _note(self, event: str, peer: str, code: str, personal: Mapping[str, str]) -> None:
        self.work()
        with self._lock:
            self._counted[event, peer, code] += 1
            single = self._counted[event, peer, code] <= SINGLES
        if single:
            self._record(event, {"peer": peer, "reason": code, "personal": dict(personal) or None})

    def begin(self) -> None:
        """Nothing is taken over."""

    def work(self) -> bool:
        """Write down what the last minute counted beyond its single events; False when it goes on."""
        minute = self.clock().replace(second=0, microsecond=0)
        with self._lock:
            if minute == self._minute:
                return False
            before, self._counted, self._minute = self._counted, Counter(), minute
        for (event, peer, code), number in before.items():
            if number > SINGLES:
                self._record(event, {"peer": peer, "reason": code, "count": number - SINGLES})
        return False

    def _record(self, event: str, fields: Mapping[str, canonical.Json]) -> None:
        with self.database.begin() as db:
            correspondence.post_event(db, event, fields, entry_hash=None, now=self.clock())
