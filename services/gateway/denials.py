"""Every refused call is recorded, and nobody can fill the record by being refused.

The first 10 refusals in a minute of one caller for one reason are events of their own; the rest of
that minute is one event with a count. They wait in a table until the audit log has confirmed them,
so an audit service that is away loses none.
"""

import ipaddress
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from services.gateway import store
from shared.protocol import canonical
from shared.protocol.identifiers import new_id
from shared.runtime import logs
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal

EVENT_TYPE = "access.denied"
SINGLES = 10  # events a minute for one caller and reason; what follows is counted
BATCH = 100  # events a call of the audit service
SWEEP = 60  # intervals between deletions of expired marks
Deliver = Callable[[Sequence[canonical.Json]], None]


class UndeliveredError(Exception):
    """The audit service did not confirm; the denials stay where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refused call, as far as it may be told: no token, no proof, no body."""

    address: str  # where it came from
    call: str  # method and template or path
    client_id: str | None  # verified
    claimed: str | None  # what it said, unproven


class Denials:
    """Keeps denials and brings them to the audit service."""

    interval: ClassVar[float] = 1.0  # seconds

    def __init__(self, database: Database, *, deliver: Deliver, clock: Clock) -> None:
        self._database, self._deliver, self._clock = database, deliver, clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="denials", daemon=True)

    def note(self, refusal: Refusal, refused: Refused) -> int:
        """Record a refusal durably.

        Returns:
            How many there now are in this minute of this caller for this reason.
        """
        now = self._clock()
        reason = _reason(refusal)
        owner = refused.client_id or _network(refused.address)
        with self._database.begin() as db:
            number = store.tally(db, owner, reason, int(now.timestamp()) // 60)
            if number <= SINGLES:
                personal = {
                    "address": refused.address,
                    "call": refused.call[:200],
                    "client": refused.client_id or "",
                    "claimed_client": (refused.claimed or "")[:200],
                }
                store.keep_denial(db, _event(now, reason, personal, None))
        return number

    def waiting(self) -> int:
        """Return how many denials (at least) the audit log does not have yet."""
        with self._database.begin() as db:
            return len(store.denials(db, BATCH))

    def start(self) -> None:
        """Bring denials to the audit service until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; what is left waits for the next start."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def deliver_once(self) -> int:
        """Bring one batch to the audit service and forget what it confirmed.

        Raises:
            UndeliveredError: it confirmed nothing.
        """
        self._close_minutes()
        with self._database.begin() as db:
            waiting = store.denials(db, BATCH)
        if waiting:
            self._deliver([canonical.parse(event) for _, event in waiting])
            with self._database.begin() as db:
                store.drop_denials(db, [position for position, _ in waiting])
        return len(waiting)

    def _close_minutes(self) -> None:
        """Turn the tallies of past minutes into one event each."""
        now = self._clock()
        with self._database.begin() as db:
            for owner, reason, minute, count in store.take_tallies(db, int(now.timestamp()) // 60):
                if count > SINGLES:
                    at = datetime.fromtimestamp(minute * 60, UTC)
                    personal = {"address": owner}
                    store.keep_denial(db, _event(at, reason, personal, count - SINGLES))

    def _run(self) -> None:
        rounds = 0
        while not self._stopped.wait(self.interval):
            rounds += 1
            try:
                while self.deliver_once() == BATCH:
                    pass
                if rounds % SWEEP == 0:
                    with self._database.begin() as db:
                        store.forget_expired(db, int(self._clock().timestamp()))
            except UndeliveredError as error:
                logs.log().warning("denials_not_delivered", error=str(error))
            except Exception as error:  # noqa: BLE001 - a full disk must not end the thread
                logs.log().error("denials_failed", exc_info=error)


def _reason(refusal: Refusal) -> str:
    """Name a refusal by code and detail, as in `invalid-token/exp`: a token, never a sentence."""
    detail = refusal.facts.get("reason")
    return (f"{refusal.code}/{detail}" if detail else refusal.code).replace("_", "-")


def _network(address: str) -> str:
    """Group addresses that one caller can draw from: IPv6 by /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - the version of the protocol
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _event(at: datetime, reason: str, personal: dict[str, str], count: int | None) -> bytes:
    event: dict[str, canonical.Json] = {
        "event_id": new_id(at),
        "type": EVENT_TYPE,
        "event_time": milliseconds(at),
        "personal": {name: value for name, value in personal.items() if value},
        "reason": reason,
        "count": count,
    }
    return canonical.encode(event)
