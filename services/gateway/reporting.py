"""What the gateway tells the audit log of itself: over the outbox of the denials, so that none is lost."""

from collections.abc import Callable

from services.gateway import store
from shared.protocol import canonical
from shared.protocol.identifiers import new_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database


def reporter(database: Database, clock: Clock) -> Callable[[str, str | None, str | None], None]:
    """Return a function that records an event: its type, the peer it is about, and the reason's code."""

    def report(kind: str, peer: str | None, reason: str | None) -> None:
        now = clock()
        event: dict[str, canonical.Json] = {
            "event_id": new_id(now),
            "type": kind,
            "event_time": milliseconds(now),
            "peer": peer,
            "reason": reason,
        }
        told = {name: value for name, value in event.items() if value is not None}
        with database.begin() as db:
            store.keep_denial(db, canonical.encode(told))
        # Commit point: before it nothing was said; after it the audit log gets it, however late.

    return report
