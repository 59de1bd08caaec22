"""What the two authorities have written to each other about a request, in the order of time.

A query's id, the words of a condition, the reasons of a decision: whoever answers needs them as they came.
Requests and packages are shown elsewhere, receipts are between machines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.exchange.states import Direction, EntryState
from services.exchange.store import entries, requests
from services.exchange.store.entries import StoredEntry
from shared.protocol.canonical import Json
from shared.protocol.entries import EntryType, read_entry
from shared.runtime.database import Database

_LETTERS = frozenset(
    {
        EntryType.ACKNOWLEDGEMENT,
        EntryType.QUERY,
        EntryType.ANSWER,
        EntryType.DECISION,
        EntryType.CONDITIONS,
        EntryType.WITHDRAWAL,
        EntryType.CHALLENGE,
        EntryType.PRESERVATION,
        EntryType.NOTICE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An entry about a request: whose, of which type, when it was written, what it says."""

    direction: Direction
    type: str
    at: datetime
    hash: str  # hex96
    body: dict[str, Json]


def about(request_id: str, *, database: Database) -> Sequence[Letter]:
    """Return the letters of a request, the oldest first; what was refused is none.

    Raises:
        NotFound: there is no such request.
    """
    with database.read() as db:
        requests.find(db, request_id)
        found = entries.of_request(db, request_id)
    kept = [each for each in found if each.type in _LETTERS and each.state != EntryState.REJECTED]
    return sorted(map(_letter, kept), key=lambda each: each.at)


def _letter(stored: StoredEntry) -> Letter:
    entry = read_entry(stored.jws).entry
    return Letter(
        direction=stored.direction,
        type=entry.type,
        at=datetime.fromtimestamp(entry.iat, UTC),
        hash=stored.hash,
        body=entry.body,
    )
