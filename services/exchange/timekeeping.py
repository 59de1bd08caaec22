"""Use cases of deadlines: shown with each day explained, listed by what is due first."""

from collections.abc import Sequence
from datetime import datetime

from services.exchange import clockwork
from services.exchange.clockwork import Clock, Explained
from services.exchange.store import clocks, requests
from shared.runtime.database import Database


def shown(request_id: str, *, database: Database) -> tuple[Explained, ...]:
    """Return the clocks of a request with every day explained.

    Raises:
        NotFound: there is no such request.
    """
    with database.read() as db:
        requests.find(db, request_id)
        found = clocks.of(db, request_id)
    return tuple(clockwork.explained(each) for each in found)


def listed(*, due_before: datetime | None, database: Database) -> Sequence[Clock]:
    """Return what is due and not done, the most urgent first."""
    with database.read() as db:
        return clocks.open_before(db, due_before)
