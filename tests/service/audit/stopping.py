"""A leader in a process of its own that is stopped (SIGSTOP) at a chosen moment and goes on much later."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from typing_extensions import override

from services.audit.alarms import LeadLost
from shared.runtime.database import open_database
from tests.service.audit.logbook import Logbook, MortalDatabase, SetClock, event

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
PATIENCE = 60.0  # seconds


class StoppingClock(SetClock):
    """A clock at which the process is stopped, once, when it has been asked so often."""

    looks = -1

    @override
    def __call__(self) -> datetime:
        self.looks -= 1
        if self.looks == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().__call__()


def lead(url: str, folder: Path, looks: int, answers: Connection) -> None:
    """Take the lead and record an event; say what came of it."""
    opened = open_database(url)
    clock = StoppingClock()
    book = Logbook(MortalDatabase(opened.engine, opened.sessions), folder, clock)
    book.open()
    book.take(event(1))
    clock.looks = looks
    try:
        book.sequence()
        book.publish()
        answers.send("done")
    except LeadLost as lost:
        answers.send(f"lost: {lost}")
    except Exception as error:  # noqa: BLE001 - its session was ended
        answers.send(f"failed: {type(error).__name__}")
    opened.close()


@dataclass
class Stopped:
    """A leader that stands still."""

    process: BaseProcess
    answers: Connection

    def go_on(self) -> str:
        """Let it go on; what it says in the end."""
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGCONT)
        assert self.answers.poll(PATIENCE), "it says nothing"
        return str(self.answers.recv())


@contextmanager
def stopped_leader(url: str, folder: Path, *, looks: int) -> Iterator[Stopped]:
    """A leader that was stopped when it looked at the clock for so manieth a time after taking an event."""
    answers, writing = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=lead, args=(url, folder, looks, writing))
    process.start()
    writing.close()
    try:
        deadline = time.monotonic() + PATIENCE
        while _state(process.pid) != "T":
            assert time.monotonic() < deadline, "it does not stop"
            time.sleep(0.01)
        yield Stopped(process, answers)
    finally:
        process.kill()
        process.join()
        process.close()
        answers.close()


def _state(pid: int | None) -> str:
    """R, S, T …, as the kernel has it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
