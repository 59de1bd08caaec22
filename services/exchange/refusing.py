"""Every entry of a peer that is refused is on record, and no peer can fill the record by being refused.

The first refusals of a minute, of one peer for one reason, are events of their own; what follows in that
minute is one event with a count. What is routine between two nodes that go on from where they were (a gap,
another size of the log) is no refusal.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from services.exchange import correspondence
from shared.protocol import canonical
from shared.runtime.clock import Clock
from shared.runtime.database import Database

EVENT_TYPE = "transfer.refused"
SINGLES = 10  # events in a minute, of one peer for one reason
ROUTINE = frozenset({"gap", "log_size"})


@dataclass(slots=True)
class Refusals:
    """Notes refusals; as a job, writes down what was only counted, when its minute is over."""

    database: Database
    clock: Clock
    _minute: datetime | None = None
    _counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, peer: str, code: str) -> None:
        """Record that an entry of a peer was refused, and by which code."""
        if code in ROUTINE:
            return
        self.work()
        with self._lock:
            self._counted[peer, code] += 1
            single = self._counted[peer, code] <= SINGLES
        if single:
            self._record(peer, code, None)

    def begin(self) -> None:
        """Nothing is taken over."""

    def work(self) -> bool:
        """Write down what the last minute counted beyond its single events; False when it goes on."""
        minute = self.clock().replace(second=0, microsecond=0)
        with self._lock:
            if minute == self._minute:
                return False
            before, self._counted, self._minute = self._counted, Counter(), minute
        for (peer, code), number in before.items():
            if number > SINGLES:
                self._record(peer, code, number - SINGLES)
        return False

    def _record(self, peer: str, code: str, count: int | None) -> None:
        fields: dict[str, canonical.Json] = {"peer": peer, "reason": code, "count": count}
        with self.database.begin() as db:
            correspondence.post_event(db, EVENT_TYPE, fields, entry_hash=None, now=self.clock())
