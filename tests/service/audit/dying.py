"""A process that records events and kills itself (SIGKILL) before or after a chosen step.

A step is an SQL statement, the COMMIT of a transaction, or the replacement of the signer's memory.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session
from typing_extensions import override

from services.audit.signer import Signer
from shared.protocol.checkpoints import Checkpoint
from shared.runtime.database import open_database
from tests.service.audit.logbook import KEY, START, Logbook, MortalDatabase, SetClock, event

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
PATIENCE = 60.0  # seconds
TRANSACTIONS = ("inbox", "batch", "checkpoint", "publication")  # in the order of a recording
SIGNATURE = "signature"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Before or after a step: a statement's beginning, the name of a transaction, or the signature."""

    step: str
    after: bool

    def at(self, step: str, *, after: bool) -> None:
        """Die, if this is the moment."""
        if self.after == after and step.startswith(self.step):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class KilledDatabase(MortalDatabase):
    """Dies before or after the COMMIT of a transaction."""

    dies: Callable[..., None] = Moment(step="never", after=False).at
    names: list[str] = field(default_factory=list)

    @override
    @contextmanager
    def begin(self) -> Iterator[Session]:
        name = self.names.pop(0)
        with self.sessions.begin() as session:
            yield session
            self.dies(name, after=False)
        self.dies(name, after=True)


class KilledSigner(Signer):
    """Dies before or after it replaces what it remembers."""

    dies: Callable[..., None]

    @override
    def sign(self, head: Checkpoint, proof: Sequence[bytes], time: datetime) -> str:
        self.dies(SIGNATURE, after=False)
        note = super().sign(head, proof, time)
        self.dies(SIGNATURE, after=True)
        return note


def record(url: str, folder: Path, moment: Moment) -> None:
    """Take the lead, record two events, and die on the way."""
    opened = open_database(url)
    clock = SetClock(START + timedelta(hours=1))
    book = Logbook(MortalDatabase(opened.engine, opened.sessions), folder, clock)
    book.open()
    book.database = KilledDatabase(
        opened.engine, opened.sessions, dies=moment.at, names=[*TRANSACTIONS, "ask"]
    )
    signer = KilledSigner(KEY, folder / "signer")
    signer.dies = moment.at
    signer.take(book.epoch)
    book.signer = signer

    @sa.event.listens_for(opened.engine, "before_cursor_execute")
    def _before(*told: object) -> None:
        moment.at(str(told[2]), after=False)

    @sa.event.listens_for(opened.engine, "after_cursor_execute")
    def _after(*told: object) -> None:
        moment.at(str(told[2]), after=True)

    book.record(event(1), event(2))


def die(url: str, folder: Path, moment: Moment) -> None:
    """Let a process die at a moment."""
    process = PROCESSES.Process(target=record, args=(url, folder, moment))
    process.start()
    process.join(PATIENCE)
    status = process.exitcode
    process.kill()
    process.join()
    process.close()
    assert status == -signal.SIGKILL, f"it did not come to {moment}: {status}"
