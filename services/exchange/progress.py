"""How far the fetching of a package has got: written down at a pace, and each note renews the lease."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.exchange.records import Progress, StoredItem, StoredSegment
from services.exchange.states import Actor
from services.exchange.store import contents, leases, transfers
from shared.runtime.clock import Clock
from shared.runtime.database import Database

LEASE = timedelta(seconds=60)  # a segment of 256 MiB over a slow line renews it in time
PACE = timedelta(seconds=1)  # between two notes


class StoppedError(Exception):
    """The worker was told to stop, or lost its lease; another goes on from what is stored."""


@dataclass(slots=True, kw_only=True)
class Notes:
    """How far the work has got, written down at a pace; each note renews the lease."""

    database: Database
    clock: Clock
    stopping: Callable[[], bool]
    owner: str  # of the lease
    package_id: str
    phase: str
    total: int
    noted_at: datetime
    done: int = 0
    segments: list[StoredSegment] = field(default_factory=list)  # stored since the last note
    items: list[StoredItem] = field(default_factory=list)  # found right since the last note

    def stored(self, segment: StoredSegment) -> None:
        """Count a segment that is in the vault."""
        self.segments.append(segment)
        self.opened(segment.size)

    def opened(self, size: int) -> None:
        """Count bytes.

        Raises:
            StoppedError: the worker is to stop, or its lease is another's.
        """
        self.done += size
        if self.stopping():
            raise StoppedError
        if self.clock() - self.noted_at >= PACE:
            self.write()

    def write(self) -> None:
        """Write progress, what is stored and found, and a longer lease.

        Raises:
            StoppedError: the lease is another's.
        """
        actor = Actor(client_id=self.owner, at=self.clock())
        progress = Progress(phase=self.phase, done=self.done, total=self.total)
        with self.database.begin() as db:
            if not leases.note(db, self.package_id, progress, actor, LEASE):
                raise StoppedError
            transfers.set_stored(db, self.segments, stored=True)
            for item in self.items:
                contents.add_item(db, item)
        self.segments.clear()
        self.items.clear()
        self.noted_at = actor.at
