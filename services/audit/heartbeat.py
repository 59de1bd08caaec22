"""While nothing happens, the log says so: silence is then no longer the same as being cut off."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit import submission
from services.audit.catalogue import LOG_HEARTBEAT
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.store import Session, inbox, tree
from shared.protocol.identifiers import new_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database


@dataclass(slots=True, kw_only=True)
class Heartbeat:
    """A duty of the leader."""

    database: Database
    confidential: Confidential
    signals: Signals
    every: timedelta
    clock: Clock

    def begin(self) -> None:
        """Nothing is taken over: the last entry's time is in the head."""

    def work(self) -> bool:
        """Put a heartbeat into the inbox if the last entry is old and nothing waits."""
        now = self.clock()
        with self.database.read() as db:
            if not self._is_due(db, now):
                return False
        event = Event(event_id=new_id(now), type=LOG_HEARTBEAT, event_time=milliseconds(now))
        submission.take(
            [event], database=self.database, confidential=self.confidential, clock=self.clock
        )
        self.signals.arrived()
        return False

    def _is_due(self, db: Session, now: datetime) -> bool:
        head = tree.head(db)
        idle = head is not None and now - head.last_time >= self.every
        return idle and not inbox.waiting(db, 1)
