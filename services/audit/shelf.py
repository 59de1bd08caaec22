"""The logs that this one continues: kept to be read, beside the one that is written.

Which they are, and where each ended, stands in the log's own database; where their databases are, in a
file of the operators: {"origin": "database URL", …}. Nothing is written to them; openings may be erased.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from services.audit import submission
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.store import entries, inbox, shards
from services.audit.store.shards import Ended
from services.audit.submission import Recorded
from shared.protocol import canonical
from shared.protocol.errors import ProtocolError
from shared.runtime.database import Database, migrate, open_database
from shared.runtime.refusals import NotFound

MIGRATIONS = "services.audit.migrations"


class ShelfError(Exception):
    """The file of closed logs cannot be used; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed log that can be read here."""

    ended: Ended
    database: Database


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Every log of ours that can be read here, by its origin."""

    origin: str  # of the one that is written
    database: Database
    places: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def closed(self) -> Mapping[str, Closed]:
        """The closed logs whose databases are here, the newest first."""
        with self.database.read() as db:
            known = reversed(shards.ended(db))
        return {
            each.origin: Closed(ended=each, database=opened(self.places[each.origin]))
            for each in known
            if each.origin in self.places
        }

    def reading(self, log: str | None) -> Database:
        """Give the database of a log; without a name, that of the one that is written.

        Raises:
            NotFound: it is none of ours, or its database is not here.
        """
        if log in {None, self.origin}:
            return self.database
        return self.find(str(log)).database

    def find(self, log: str) -> Closed:
        """Find a closed log by its origin, or by the SHA-256 of it in hex.

        Raises:
            NotFound: as `reading`.
        """
        for origin, closed in self.closed.items():
            if log in {origin, sha256(origin.encode()).hexdigest()}:
                return closed
        raise NotFound(
            "unknown_log",
            "This node has no such log, or keeps it elsewhere.",
            next_step="Our member document names our logs; overseers have mirrors of them.",
        )

    def lost(self, log: str | None, indexes: Sequence[int]) -> list[int]:
        """Say which of these entries lie behind the end of a closed log: they were never sent."""
        if log in {None, self.origin}:
            return []
        size = self.find(str(log)).ended.size
        return sorted({each for each in indexes if each >= size})

    def recorded(self, events: Sequence[Event], confidential: Confidential) -> list[Recorded]:
        """Give those of these events that the log before this one has recorded.

        Who sends an event again over New Year gets the place that it has; older logs are not asked.

        Raises:
            Conflict: the id of an event is taken by another one.
        """
        for closed in self.closed.values():
            with closed.database.read() as db:
                letters = submission.enclose(events, confidential)
                tags = inbox.tags(db, [each.event_id for each in letters])
                submission.check_same(letters, tags)
                places = inbox.places(db, list(tags))
                known = [each for each, index in places.items() if index < closed.ended.size]
                return submission.recorded(db, known) or []
        return []

    def openings(self, case_ref: str) -> int:
        """Count what can still be opened of a case in the closed logs."""
        found = 0
        for closed in self.closed.values():
            with closed.database.read() as db:
                found += entries.count_openings(db, case_ref)
        return found

    def erase(self, case_ref: str) -> int:
        """Destroy the openings of a case in the closed logs; count them.

        The entry that says so stands in the log that is written, and was recorded before.
        """
        count = 0
        for closed in self.closed.values():
            with closed.database.begin() as db:
                count += entries.count_openings(db, case_ref)
                entries.erase(db, case_ref)
            # Commit point. Died before it, or before the next log's: whoever repeats the order goes on.
        return count

    def close(self) -> None:
        """Close the databases that were opened."""
        for each in self.closed.values():
            each.database.close()


def opened(url: str) -> Database:
    """Open a closed log's database, brought to this release's schema."""
    database = open_database(url)
    migrate(database, MIGRATIONS)
    return database


def read_places(path: Path | None) -> Mapping[str, str]:
    """Read the file of closed logs, if there is one.

    Raises:
        ShelfError: it cannot be used.
    """
    if path is None:
        return {}
    try:
        content = canonical.read(path.read_bytes())
    except (OSError, ProtocolError) as error:
        raise ShelfError(f"{path}: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(url, str) for url in content.values()):
        raise ShelfError(f'{path}: it says {{"origin": "database URL"}} for each closed log')
    return {origin: str(url) for origin, url in content.items()}
