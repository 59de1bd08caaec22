"""Every refused call is recorded, and nobody can fill the record by being refused.

All who are nobody share one window of a minute, and each client that has proven itself has one of its
own. The first 10 refusals in a window are events of their own. What follows is counted by address and
reason, and when the window ends at most 5 events tell how often: the 4 most frequent, and the rest
together. While that goes on all of the next window is counted; a quiet minute ends it. So a flood of
calls, from however many addresses, by whatever names, costs the log 5 events a minute, and every call
is in the count of exactly one event.

Events and counts are durable before the refusal is answered. They wait in a table until the audit log
has confirmed them, so an audit service that is away loses none.
"""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from services.gateway import store
from services.gateway.store import refusals
from services.gateway.store.refusals import VARIOUS, Tally, Window
from shared.protocol import canonical
from shared.protocol.identifiers import new_id
from shared.runtime import logs
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.networks import network
from shared.runtime.refusals import Refusal

EVENT_TYPE = "access.denied"
SINGLES = 10  # events of their own in a window
COUNTED = 4  # kinds that are told apart when a window ends; one more event counts the rest
WINDOW = timedelta(minutes=1)
BATCH = 100  # events a call of the audit service
SWEEP = 60  # intervals between deletions of expired marks
NOBODY = "*"  # owns what nobody has proven to have sent
MAX_REASON = 60  # characters; as the catalogue of events has it
Deliver = Callable[[Sequence[canonical.Json]], None]
Closures = Callable[
    [], dict[tuple[str, str], int]
]  # since the last call: (address, reason) → how many


class UndeliveredError(Exception):
    """The audit service did not confirm; the denials stay where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refused call, as far as it may be told: no token, no proof, no body."""

    address: str  # where it came from
    call: str  # method and path
    client_id: str | None  # verified
    claimed: str | None  # what it said, unproven
    officer: str | None = None  # asserted by a verified client

    @property
    def personal(self) -> dict[str, str]:
        """Return what the event keeps as salted commitments."""
        told = {
            "address": self.address,
            "call": self.call[:200],
            "client": self.client_id,
            "claimed_client": (self.claimed or "")[:200],
            "officer": self.officer,
        }
        return {name: value for name, value in told.items() if value}


@dataclass(slots=True)
class _Note:
    """A refusal that waits to be written with others."""

    at: datetime
    reason: str
    refused: Refused
    written: bool = False
    failed: Exception | None = None


def _no_closures() -> dict[tuple[str, str], int]:
    return {}


class Denials:
    """Keeps denials and brings them to the audit service."""

    interval: ClassVar[float] = 1.0  # seconds

    def __init__(
        self,
        database: Database,
        *,
        deliver: Deliver,
        clock: Clock,
        closures: Closures = _no_closures,
    ) -> None:
        """Keep them in `database`; `closures` tells which connections the edge has cut off."""
        self._database, self._deliver, self._clock = database, deliver, clock
        self._closures = closures
        self._gate, self._pen = threading.Lock(), threading.Lock()
        self._pending: list[_Note] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="denials", daemon=True)

    def note(self, refusal: Refusal, refused: Refused) -> None:
        """Record a refusal durably: as an event of its own, or counted.

        Those who come while one writes wait, and are written together: a flood of refusals takes the
        database no more often than the disk can follow, and leaves it to the others in between.
        """
        mine = _Note(self._clock(), reason_of(refusal), refused)
        with self._gate:
            self._pending.append(mine)
        with self._pen:
            if mine.failed is not None:
                raise mine.failed
            if not mine.written:
                with self._gate:
                    batch, self._pending = self._pending, []
                self._write(batch)

    def _write(self, batch: Sequence["_Note"]) -> None:
        try:
            with self._database.begin() as db:
                for each in batch:
                    _keep(db, each)
            # Commit point: before it nothing was answered; after it each call is in one count.
        except Exception as error:
            for each in batch:
                each.failed = error
            raise
        for each in batch:
            each.written = True

    def count(self, address: str, reason: str, number: int) -> None:
        """Record that so many calls from an address were cut off before anybody read them."""
        began = _milliseconds(self._clock())
        tallied = Tally(address=network(address), reason=_token(reason), began=began, count=number)
        with self._database.begin() as db:
            # What was cut off is never told one by one.
            refusals.enter_window(db, NOBODY, now=began, count=0)
            refusals.tally(db, NOBODY, tallied)

    def waiting(self) -> int:
        """Return how many denials (at least) the audit log does not have yet."""
        with self._database.read() as db:
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
        for (address, reason), number in self._closures().items():
            self.count(address, reason, number)
        self._close_windows()
        with self._database.read() as db:
            waiting = store.denials(db, BATCH)
        if waiting:
            # Died after this: they are brought again, and the log knows them by their ids.
            self._deliver([canonical.parse(event) for _, event in waiting])
            with self._database.begin() as db:
                store.drop_denials(db, [position for position, _ in waiting])
        return len(waiting)

    def _close_windows(self) -> None:
        """Turn what was counted in windows that are over into events."""
        now = self._clock()
        with self._database.begin() as db:
            over = refusals.close_windows(
                db, opened_before=_milliseconds(now - WINDOW), now=_milliseconds(now)
            )
            for window in over:
                for tally in _grouped(window.tallies):
                    store.keep_denial(db, _counted(window, tally))
            # Commit point: before it they are counts, after it events that wait.

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


def _keep(db: store.Session, note: _Note) -> None:
    owner = note.refused.client_id or NOBODY
    began = _milliseconds(note.at)
    number, noisy = refusals.enter_window(db, owner, now=began, count=1)
    if number <= SINGLES and not noisy:
        store.keep_denial(db, _event(note.at, note.reason, note.refused.personal, 1))
        return
    address = network(note.refused.address)
    refusals.tally(db, owner, Tally(address=address, reason=note.reason, began=began, count=1))


def reason_of(refusal: Refusal) -> str:
    """Name a refusal by code and detail, as in `invalid-token/exp`: a token, never a sentence."""
    detail = refusal.facts.get("reason")
    return _token(f"{refusal.code}/{detail}" if detail else refusal.code)


_TOKEN = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:/[a-z][a-z0-9]*(?:-[a-z0-9]+)*)?")


def _token(reason: str) -> str:
    text = reason.replace("_", "-")
    return text if len(text) <= MAX_REASON and _TOKEN.fullmatch(text) else "refused"


def _grouped(tallies: Sequence[Tally]) -> Sequence[Tally]:
    """Tell the most frequent kinds apart and put the rest together."""
    if len(tallies) <= COUNTED + 1:
        return tallies
    rest = tallies[COUNTED:]
    together = Tally(
        address=_common({each.address for each in rest}),
        reason=_common({each.reason for each in rest}),
        began=min(each.began for each in rest),
        count=sum(each.count for each in rest),
    )
    return [*tallies[:COUNTED], together]


def _common(values: set[str]) -> str:
    return values.pop() if len(values) == 1 else VARIOUS


def _counted(window: Window, tally: Tally) -> bytes:
    personal = {"address": tally.address}
    if window.owner != NOBODY:
        personal["client"] = window.owner
    at = datetime.fromtimestamp(tally.began / 1000, UTC)
    return _event(at, tally.reason, personal, tally.count)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _event(at: datetime, reason: str, personal: dict[str, str], count: int) -> bytes:
    event: dict[str, canonical.Json] = {
        "event_id": new_id(at),
        "type": EVENT_TYPE,
        "event_time": milliseconds(at),
        "personal": dict(personal),
        "reason": reason,
        "count": count,
    }
    return canonical.encode(event)
