"""A process that appends one batch to a log and may meet a fault at any of its system calls.

`strace` is attached before the first of them. It makes one call fail with an error, or kills the process
as the call begins. The processes are forked from a server that has everything imported, so one costs a
few milliseconds.
"""

import multiprocessing
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from services.audit.events import Event
from services.audit.submission import Recorded
from shared.protocol.canonical import b64u
from shared.runtime.database import journal, open_database
from tests.service.audit.logbook import (
    START,
    Logbook,
    MortalDatabase,
    SetClock,
    event,
    request_id,
    transfer,
)

STRACE = shutil.which("strace") or "strace"
BEFORE = 254  # entries: the batch crosses the border of a tile of 256
ATTEMPTS = 3  # a worker tries again after whatever went wrong
PATIENCE = 60.0  # seconds for one process
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
JOURNAL = journal()  # asks for the SQLite module, so that no process has to import it


def batch() -> list[Event]:
    """Events that touch every table of the log."""
    case = {"case_id": request_id(1), "personal": {"officer": "Q. Example"}}
    return [event(1001, **transfer(**case)), event(1002, **case), event(1003, peer="QN")]


@contextmanager
def reopened(url: str, folder: Path, *, days: int) -> Iterator[Logbook]:
    """The log as a new process finds it, some days later; not yet opened for writing."""
    opened = open_database(url)
    clock = SetClock(START + timedelta(days=days))
    book = Logbook(MortalDatabase(opened.engine, opened.sessions), folder, clock)
    try:
        yield book
    finally:
        opened.close()


def prepare(url: str, folder: Path) -> None:
    """Make a log that ends shortly before the border of a tile."""
    with reopened(url, folder, days=0) as book:
        book.open()
        (theirs,) = book.record(event(1))
        told = transfer(type="transfer.received", direction="in", channel="QN>QM")
        told["counterpart"] = {"leaf": b64u(theirs.leaf), "proof": theirs.proof}
        book.record(*(event(number, **told) for number in range(2, BEFORE)))


def append(url: str, folder: Path, gate: Connection, answers: Connection) -> None:
    """What the process does: once the gate opens it takes the log and appends a batch."""
    gate.send_bytes(b"ready")  # what the interpreter does at a start is not traced
    try:
        gate.recv_bytes()
    except OSError:
        os._exit(1)  # its own fault: the log was not touched
    for _ in range(ATTEMPTS):
        try:
            with reopened(url, folder, days=1) as book:
                book.open()
                answers.send(book.record(*batch()))
        except Exception:  # noqa: BLE001, S112 - as a worker does: the next attempt looks anew
            continue
        break
    os._exit(0)


@dataclass(slots=True)
class Outcome:
    """What became of one process."""

    told: list[Recorded] | None
    calls: list[str] = field(default_factory=list)
    injected: bool = False
    killed: bool = False


def run(url: str, folder: Path, *injection: str) -> Outcome:
    """Let a process append a batch under strace; `injection` as for `strace -e inject=`."""
    gate, inside = PROCESSES.Pipe()
    answers, writing = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=append, args=(url, folder, inside, writing))
    process.start()
    inside.close()
    writing.close()
    assert gate.poll(PATIENCE), "the process does not start"
    gate.recv_bytes()
    trace = folder / "trace"
    chosen = [part for each in injection for part in ("-e", f"inject={each}")]
    command = [STRACE, "-f", "-o", f"{trace}", *chosen, "-p", f"{process.pid}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:  # noqa: S603
        assert tracer.stderr
        said = tracer.stderr.readline()
        assert "attached" in said, said
        gate.send_bytes(b"go")
        process.join(PATIENCE)
        hung = process.exitcode is None
        process.kill()
        tracer.communicate()
    assert not hung, "the process hangs"
    try:
        told: list[Recorded] | None = answers.recv() if answers.poll() else None
    except EOFError:
        told = None
    lines = trace.read_text().splitlines()
    gate.close()
    answers.close()
    process.join()
    outcome = Outcome(
        told=told,
        calls=[found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))],
        injected=any("(INJECTED)" in line for line in lines),
        killed=process.exitcode == -9,
    )
    process.close()
    return outcome


def moments(calls: list[str]) -> list[tuple[str, int]]:
    """Each call of a recorded run, as its name and how many of that name there were until then."""
    seen: Counter[str] = Counter()
    found = []
    for name in calls:
        seen[name] += 1
        found.append((name, seen[name]))
    return found


def check(url: str, folder: Path, told: list[Recorded] | None) -> None:
    """Inspect the whole log after the fault, then complete the batch; inspect again."""
    with reopened(url, folder, days=2) as book:
        book.open()
        size = book.inspect()
        assert size in {BEFORE, BEFORE + 3}, f"half a batch: {size} entries"
        if told is not None:
            assert book.ask(*batch()) == told, "what was told has changed"
        recorded = book.record(*batch())
        assert [each.index for each in recorded] == [BEFORE, BEFORE + 1, BEFORE + 2]
        assert [each.index for each in book.record(event(2000))] == [BEFORE + 3]
        assert book.inspect() == BEFORE + 4
