"""`make bench`, the law: the yearly report over 100,000 cases, from the files of a mirror to its octets.

Two million entries, twenty a case, are read, hashed into the signed tree, counted, and searched for misuse.
`python -m deploy.bench_law_report 10000` stops at fewer cases.
"""

import heapq
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from time import perf_counter, process_time
from typing import Self

from rich.console import Console
from rich.table import Table

from client.oversight.counting.misuse import detect
from client.oversight.counting.people import People
from client.oversight.counting.reading import read_logs
from client.oversight.counting.rendering import files
from client.oversight.counting.yearly import report
from tests.year_log import Told, YearLog, package_id, request_id

CASES = 100_000
SECONDS = 30
YEAR = 2026
PUBLISHED_BELOW = 5

_Life = tuple[tuple[int, str, str | None], ...]
"""Hour after the begin, kind, reason."""

_BEGIN: _Life = (
    (0, "request.drafted", None), (1, "request.changed", None), (2, "request.submitted", None),
    (3, "request.approved", None), (3, "gate.passed", "send"), (4, "transfer.intent/request", None),
    (4, "request.described", "KIND-MLA"), (4, "request.described", "URG-ROUTINE"),
    (4, "request.described", "OFF-B05"), (4, "request.described", "INS-BUD"),
    (4, "request.described", "MEA-06"), (50, "request.acknowledged", None), (51, "clock.met", "acknowledge"),
)  # fmt: skip
LIVES: tuple[_Life, ...] = (
    (*_BEGIN, (300, "request.decision", "MEA-06/S10"), (400, "request.decision", "MEA-06/S14"),
     (700, "package.received", None), (701, "package.verified", None), (702, "evidence.accessed", None),
     (750, "request.decision", "MEA-06/S16"), (800, "request.closed", None)),
    (*_BEGIN, (300, "request.info_requested", "FLD-D01"), (500, "request.info_supplied", None),
     (501, "clock.warned", "decide"), (650, "condition.proposed", "COND-01"),
     (720, "condition.declined", "COND-01"), (721, "request.decision", "MEA-06/S12"),
     (721, "request.refused", "REF-05")),
    (*_BEGIN, (300, "request.decision", "MEA-06/S10"), (310, "challenge.lodged", None),
     (320, "challenge.suspended", None), (900, "challenge.decided", "dismissed"),
     (901, "clock.breached", "execute"), (1000, "request.decision", "MEA-06/S14"),
     (1400, "request.withdrawn", "WD-08")),
)  # fmt: skip
PEERS = ("QN", "QP", "QR", "QS", "QT")


def entries(cases: int) -> Iterator[Told]:
    """Tell of so many cases, begun one after the other over ten months, in the order of the log."""
    began, gap = datetime(YEAR, 1, 1, tzinfo=UTC), timedelta(days=300) / cases
    waiting: list[Told] = []
    lives = cycle(zip(cycle(LIVES), cycle(PEERS), strict=False))
    for number, (life, peer) in zip(range(cases), lives, strict=False):
        start = began + number * gap
        while waiting and waiting[0].at < start:
            yield heapq.heappop(waiting)
        for hour, kind, reason in life:
            heapq.heappush(
                waiting, _told(number, start + timedelta(hours=hour), kind, reason, peer)
            )
    while waiting:
        yield heapq.heappop(waiting)


def _told(number: int, at: datetime, kind: str, reason: str | None, peer: str) -> Told:
    package = package_id(number) if kind.startswith(("package", "evidence")) else None
    return Told(
        at=at, kind=kind, reason=reason, peer=peer, case=request_id(number), package=package
    )


@dataclass(frozen=True, slots=True)
class Clock:
    """A moment, by the wall and by what this process has used."""

    wall: float
    used: float

    @classmethod
    def now(cls) -> Self:
        """Look at both clocks."""
        return cls(perf_counter(), process_time())

    def since(self, before: "Clock") -> tuple[str, str]:
        """Give the seconds in between, for a table."""
        return f"{self.wall - before.wall:.1f}", f"{self.used - before.used:.1f}"


def main() -> None:
    """Measure with so many cases as the command line says; exit 1 if the goal is missed."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    folder = Path(tempfile.mkdtemp(prefix="rogatory-bench-report-"))
    try:
        log = YearLog(folder)
        for each in entries(cases):
            log.tell(each)
        log.publish()
        log.cases.clear()
        before = Clock.now()
        read = read_logs([log.mirror], pinned_root=log.pinned, year=YEAR)
        between = Clock.now()
        made = files(report(read, below=PUBLISHED_BELOW))
        after = Clock.now()
        detect(read.docket, since=read.since, people=People(), zone=UTC)
        searched = Clock.now()
    finally:
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 10**6
    table = Table("step", "seconds", "of CPU", title=f"{cases:,} cases, {log.size:,} entries")
    table.add_row("read, and check the tree", *between.since(before))
    table.add_row("count, and write", *after.since(between))
    table.add_row(f"yearly report (goal: < {SECONDS})", *after.since(before))
    table.add_row("search for misuse", *searched.since(after))
    Console().print(table)
    Console().print(f"peak {peak} MB; the report has {len(made['report.json'])} bytes")
    if after.wall - before.wall >= SECONDS:
        sys.exit(f"the report took {SECONDS} s or more")


if __name__ == "__main__":
    main()
