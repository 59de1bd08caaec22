"""`make bench`, second half: the log. Every number stands beside a baseline, a goal or its own growth.

Appends (`bench_appends`), reads and a full audit as the log grows (`bench_reads`), and what witnessing
costs an entry end to end (`bench_witnesses`). `ENTRIES=100000 make bench` stops at a smaller log.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
import structlog
from rich.console import Console
from rich.table import Table

from deploy import bench_appends, bench_postgres, bench_reads, bench_witnesses
from deploy.bench_appends import Appends
from shared.runtime.database import Database

CALLERS = (1, 16, 256)
SECONDS = 5.0  # of each run
SIZES = (1_000, 100_000, 1_000_000)
GOAL = 0.7  # of the bare inserts
AUDIT_SECONDS, AUDIT_PEAK = 60, 200  # for a million entries
CRITICAL = 50


def appends(console: Console, name: str, url: str, folder: Path) -> None:
    """Measure appends with one, some and many callers on one database."""
    table = Table(
        "callers", "appends/s", "median ms", "99 % ms", "batch", "bare rows/s", "ratio", f"≥ {GOAL}",
        title=f"From an event to its signed proof: {name}",
    )  # fmt: skip
    with bench_appends.running_log(url, folder) as (log, signals):
        empty, _ = bench_appends.stored(log.database)
        for callers in CALLERS:
            table.add_row(*_row(bench_appends.measure(log, signals, callers, SECONDS)))
        size, entries = bench_appends.stored(log.database)
        checkpoints = _count(log.database, "checkpoint")
    console.print(table)
    per_entry = (size - empty) / entries
    console.print(
        f"{name}: {per_entry:.0f} bytes stored per entry"
        f" ({entries} entries with openings, {checkpoints} checkpoints)\n"
    )


def _row(run: Appends) -> tuple[str, ...]:
    return (
        str(run.callers),
        f"{run.per_second:.0f}",
        f"{run.median * 1000:.1f}",
        f"{run.worst * 1000:.1f}",
        f"{run.batch:.1f}",
        f"{run.bare:.0f}",
        f"{run.ratio:.2f}",
        "yes" if run.ratio >= GOAL else "NO",
    )


def reads(console: Console, folder: Path, sizes: tuple[int, ...]) -> None:
    """Measure reads from the service as the log grows."""
    table = Table(
        "entries", "proofs/s", "tiles/s", "bytes per leaf", title="Reads, one thread, SQLite"
    )
    with bench_appends.filled_log(f"sqlite:///{folder / 'reads.sqlite'}", folder / "reads") as log:
        for size in sizes:
            found = bench_reads.fill(log, size, lambda: bench_appends.stored(log.database)[0])
            table.add_row(
                f"{size:,}",
                f"{found.proofs:.0f}",
                f"{found.tiles:.0f}",
                f"{found.bytes_per_entry:.0f}",
            )
    console.print(table)


def audits(console: Console, folder: Path, sizes: tuple[int, ...]) -> None:
    """Measure `rogatory audit verify` as the log grows."""
    table = Table(
        "entries", "seconds", "entries/s", "peak MB", "goal", title="Full audit of a mirror"
    )
    for each in bench_reads.audits(folder, sizes):
        good = each.seconds < AUDIT_SECONDS and each.peak < AUDIT_PEAK
        table.add_row(
            f"{each.size:,}",
            f"{each.seconds:.1f}",
            f"{each.size / each.seconds:.0f}",
            str(each.peak),
            "yes" if good else f"NO: < {AUDIT_SECONDS} s and {AUDIT_PEAK} MB",
        )
    console.print(table)


def witnesses(console: Console, folder: Path) -> None:
    """Measure what witnessing costs an entry."""
    count, steps = bench_witnesses.measure(folder)
    table = Table("step", "median ms", "worst ms", title=f"{count} entries between two nodes")
    for name, (middle, worst) in steps.items():
        table.add_row(name, f"{middle:.0f}", f"{worst:.0f}")
    console.print(table)


def _count(database: Database, table: str) -> int:
    with database.read() as db:
        return int(db.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="rogatory-bench-log-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure up to the number of entries that the command line names."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else max(SIZES)
    sizes = tuple(size for size in SIZES if size <= most) or (most,)
    console = Console()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
    with _folder() as folder:
        appends(console, "SQLite", f"sqlite:///{folder / 'audit.sqlite'}", folder / "sqlite")
        with bench_postgres.fresh_database() as url:
            if url is None:
                console.print("PostgreSQL is not installed here: skipped")
            else:
                appends(console, "PostgreSQL", url, folder / "postgresql")
        witnesses(console, folder)
        reads(console, folder, sizes)
        audits(console, folder, sizes)


if __name__ == "__main__":
    main()
