"""Use case: inspect the whole log in the background, a page at a time, and keep what was found.

    nothing ──asked──▶ running ──▶ clean, or damaged
                          └─process ends─▶ interrupted (it is not heard of any more)

It is a job of the process that was asked. Between two pages it rests, so that entries are taken at
their usual pace.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from services.audit.alarms import CorruptLog
from services.audit.confidential import Confidential
from services.audit.inspection import Inspection, Progress
from services.audit.store import inspections
from services.audit.store.inspections import Run
from shared.protocol.identifiers import new_id
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database

NOTED = timedelta(seconds=2)  # how often it is noted how far an inspection is
SILENCE = timedelta(minutes=1)  # after which one that has not ended is taken for interrupted
REST = 0.1  # of the time that a page took

State = Literal["running", "interrupted", "clean", "damaged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The newest inspection; `age` is in seconds since its end, or since it was last heard of."""

    run_id: str
    state: State
    checked: int
    size: int
    started_at: datetime
    ended_at: datetime | None
    age: int
    bad: int | None
    detail: str | None


def newest(database: Database, clock: Clock) -> Found | None:
    """What the newest inspection found, or how far it is."""
    with database.read() as db:
        run = inspections.newest(db)
    return None if run is None else _found(run, clock())


def state(database: Database, clock: Clock) -> str:
    """`ok`, unless the newest inspection found the log damaged."""
    found = newest(database, clock)
    return "ok" if found is None or found.bad is None else f"entry {found.bad}: {found.detail}"


@dataclass(slots=True, kw_only=True)
class Inspector:
    """The job; `ask` is called from other threads."""

    database: Database
    confidential: Confidential
    origin: str
    vkeys: list[str]
    clock: Clock
    rest: float = REST
    _run: Run | None = None
    _steps: Iterator[Progress] = field(default_factory=lambda: iter(()))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self) -> Found:
        """Begin an inspection, unless one is running; return it."""
        now = self.clock()
        with self._lock, self.database.begin() as db:
            run = inspections.newest(db)
            if run is None or _found(run, now).state != "running":
                run = Run(run_id=new_id(now), started_at=now, seen_at=now)
                inspections.add(db, run)
                self._begin(run)
        # Commit point. Died before it: nothing was begun. After it: it is running, and if we die it
        # will be found interrupted.
        return _found(run, now)

    def begin(self) -> None:
        """What another process began is not gone on with: it may be there."""

    def work(self) -> bool:
        """Check a page; False when no inspection is running."""
        with self._lock:
            # Whatever goes wrong in this step ends the inspection: it will be found interrupted.
            run, self._run = self._run, None
        if run is None:
            return False
        began = time.monotonic()
        after = self._step(run)
        if after.ended_at is not None or after.seen_at - run.seen_at >= NOTED:
            with self.database.begin() as db:
                inspections.keep(db, after)
        else:
            after = replace(after, seen_at=run.seen_at)
        with self._lock:
            self._run = None if after.ended_at else after
        time.sleep((time.monotonic() - began) * self.rest)
        return True

    def _begin(self, run: Run) -> None:
        inspected = Inspection(
            database=self.database,
            confidential=self.confidential,
            origin=self.origin,
            vkeys=self.vkeys,
        )
        self._run, self._steps = run, inspected.steps()

    def _step(self, run: Run) -> Run:
        """How the inspection stands after the next page."""
        try:
            progress = next(self._steps, None)
        except CorruptLog as found:
            now = self.clock()
            logs.log().critical("log_damaged", index=found.index, detail=found.detail)
            return replace(run, seen_at=now, ended_at=now, bad=found.index, detail=found.detail)
        now = self.clock()
        if progress is None:
            return replace(run, seen_at=now, ended_at=now)
        return replace(run, seen_at=now, checked=progress.checked, size=progress.size)


def _found(run: Run, now: datetime) -> Found:
    return Found(
        run_id=run.run_id,
        state=_state(run, now),
        checked=run.checked,
        size=run.size,
        started_at=run.started_at,
        ended_at=run.ended_at,
        age=max(int((now - (run.ended_at or run.seen_at)).total_seconds()), 0),
        bad=run.bad,
        detail=run.detail,
    )


def _state(run: Run, now: datetime) -> State:
    if run.ended_at is None:
        return "running" if now - run.seen_at < SILENCE else "interrupted"
    return "clean" if run.bad is None else "damaged"
