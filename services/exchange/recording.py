"""Bring what happened to the log, and take back the place that it has there.

The outbox is emptied in the order in which it was filled. An event stays in it until the log has
answered; sent twice, it gets the same answer. Safe to kill at any line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from services.exchange import patience
from services.exchange.store import Session, entries, events
from services.exchange.store.events import Pending
from shared.protocol import canonical
from shared.protocol.errors import FormatError
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database

BATCH = 64  # events in one call: about 10 KiB of answer each
MAX_BATCH = 192 * 2**10  # bytes in one call; audit takes 256 KiB
MAX_ANSWER = 16 * 2**20  # bytes
LOG_UNWITNESSED = "log_unwitnessed"
UNWITNESSED = timedelta(seconds=2)  # until an entry that the log may not take now is offered again


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    event_id: str
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    recorded: dict[str, _Recorded]
    refused: frozenset[str]  # event ids: not now, since the log has been unwitnessed for too long


class UnrecordedError(Exception):
    """The log did not take a batch; nothing is lost."""


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Carries the outbox to audit; one batch at a time."""

    database: Database
    audit: httpx.Client
    clock: Clock
    failures: int = 0  # in a row
    quiet_until: datetime | None = None  # audit is given time to come back

    def begin(self) -> None:
        """Make everything due: whoever tried before us is gone."""
        with self.database.begin() as db:
            events.hasten(db, self.clock())

    def work(self) -> bool:
        """Bring one batch to the log; False when nothing is due, or audit is away."""
        if self.quiet_until is not None and self.clock() < self.quiet_until:
            return False
        with self.database.read() as db:
            pending = _fitting(events.due(db, self.clock(), BATCH))
        if not pending:
            return False
        try:
            self._bring(pending)
        except (UnrecordedError, FormatError) as error:
            self.failures += 1
            self.quiet_until = self.clock() + patience.pause(self.failures)
            logs.log().warning("unrecorded", why=str(error), events=len(pending))
            return False
        self.failures, self.quiet_until = 0, None
        return True

    def _bring(self, pending: Sequence[Pending]) -> None:
        # Network, outside every transaction. Died here: the batch is sent again, answered again.
        answer = self._post(pending)
        if answer.status_code == httpx.codes.OK:
            self._keep(pending, _read(answer))
        else:
            self._put_aside(pending, answer)

    def _post(self, pending: Sequence[Pending]) -> httpx.Response:
        body = b'{"events":[' + b",".join(event.payload for event in pending) + b"]}"
        try:
            return self.audit.post(
                "/entries", content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError as error:
            raise UnrecordedError(f"audit does not answer: {type(error).__name__}") from error

    def _keep(self, pending: Sequence[Pending], answer: _Answer) -> None:
        with self.database.begin() as db:
            for event in pending:
                if (recorded := answer.recorded.get(event.event_id)) is not None:
                    _settle(db, event, recorded)
                elif event.event_id in answer.refused:
                    # All alike, so that they keep their order; the others need not wait for them.
                    events.postpone(db, event.event_id, self.clock() + UNWITNESSED)
        # Commit point. Before it the log has the events and we ask again; after it the places are
        # ours, and `proving` asks for the proofs.
        missing = {event.event_id for event in pending} - answer.recorded.keys() - answer.refused
        if missing:
            raise UnrecordedError(f"audit does not answer for {len(missing)} of {len(pending)}")

    def _put_aside(self, pending: Sequence[Pending], answer: httpx.Response) -> None:
        """Let what audit refuses for good not hold up the rest; it is never dropped."""
        code, named = _problem(answer)
        if code == LOG_UNWITNESSED:
            every = frozenset(event.event_id for event in pending)
            self._keep(pending, _Answer(recorded={}, refused=every))
            return
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise UnrecordedError(f"audit answers {answer.status_code} {code}")
        refused = [event for event in pending if event.event_id == named]
        if not refused and len(pending) > 1:
            for event in pending:
                self._bring([event])
            return
        refused = refused or list(pending)
        logs.log().error("event_refused", code=code, events=[e.event_id for e in refused])
        with self.database.begin() as db:
            for event in refused:
                wait = patience.pause(event.attempts) + timedelta(seconds=1)
                events.postpone(db, event.event_id, self.clock() + wait)


def _fitting(pending: Sequence[Pending]) -> Sequence[Pending]:
    """Return the first events that go into one call, at least one."""
    size = 0
    for count, event in enumerate(pending):
        size += len(event.payload)
        if count and size > MAX_BATCH:
            return pending[:count]
    return pending


def _settle(db: Session, event: Pending, recorded: _Recorded) -> None:
    events.set_done(db, event.event_id, recorded.index)
    if event.entry_hash is not None:
        entries.set_logged(db, event.entry_hash, leaf=recorded.leaf, index=recorded.index)


def _read(answer: httpx.Response) -> _Answer:
    value = canonical.read(answer.content, max_size=MAX_ANSWER)
    members = value if isinstance(value, dict) else {}
    return _Answer(
        recorded={each.event_id: each for each in map(_recorded, _rows(members, "results"))},
        refused=frozenset(map(_refused, _rows(members, "refused"))),
    )


def _rows(members: dict[str, canonical.Json], name: str) -> list[canonical.Json]:
    rows = members.get(name)
    return rows if isinstance(rows, list) else []


def _refused(row: canonical.Json) -> str:
    match row:
        case {"event_id": str(event_id), "code": "log_unwitnessed"}:
            return event_id
        case _:
            raise UnrecordedError("audit refuses in another form than agreed")


def _recorded(row: canonical.Json) -> _Recorded:
    match row:
        case {
            "event_id": str(event_id),
            "index": int(index),
            "leaf": str(leaf),
        }:
            return _Recorded(event_id=event_id, index=index, leaf=canonical.unb64u(leaf))
        case _:
            raise UnrecordedError("audit answers in another form than agreed")


def _problem(answer: httpx.Response) -> tuple[str, str | None]:
    """Return the code of a problem, and the event it names, if it names one."""
    try:
        value = canonical.read(answer.content)
    except FormatError:
        return "no_problem", None
    match value:
        case {"code": str(code), "event_id": str(event_id)}:
            return code, event_id
        case {"code": str(code)}:
            return code, None
        case _:
            return "no_problem", None
