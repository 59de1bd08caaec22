"""Appends to the log: from an event to its signed proof, against bare inserts of the same size.

In the audit service's own process and without HTTP, as its threads do it: every caller hands in one event,
waits for leaf and proof, and hands in the next. The baseline writes rows as large as the leaves into the
same database, as many in one transaction as the log's batches held on average in the run before: nothing
but INSERT and COMMIT.
"""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import sqlalchemy as sa

from services.audit import submission
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.signer import Signer
from services.audit.worker import Log, Sequencer
from shared.protocol.checkpoints import LogKey
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import format_time
from shared.protocol.policies import Policy, parse_policy
from shared.runtime.clock import utc_now
from shared.runtime.database import Database, migrate, open_database

ORIGIN = "bench.rogatory.example/log"
KEY = LogKey.generate(ORIGIN)
NOBODY = parse_policy(b"quorum none\n")
DISTANCE = timedelta(
    milliseconds=1
)  # between batches: the service's usual 50 would be what is timed
CASES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Appends:
    """What one run came to."""

    callers: int
    per_second: float
    median: float  # seconds from event to proof
    worst: float  # of a hundred
    batch: float  # events, on average
    bare: float  # rows a second

    @property
    def ratio(self) -> float:
        """How much of the bare inserts is left."""
        return self.per_second / self.bare


@contextmanager
def running_log(url: str, folder: Path) -> Iterator[tuple[Log, Signals]]:
    """Open a new log with its sequencer at work."""
    log, signals = _open(url, folder), Signals()
    sequencer = Sequencer(log, signals, interval=DISTANCE)
    sequencer.start()
    try:
        yield log, signals
    finally:
        sequencer.stop()
        log.database.close()


@contextmanager
def filled_log(url: str, folder: Path) -> Iterator[Log]:
    """Open a new log, and end its sequencer when the first entry stands: others fill it."""
    with running_log(url, folder) as (log, signals):
        submission.submit(
            [next(events())],
            database=log.database,
            confidential=log.confidential,
            clock=log.clock,
            signals=signals,
        )
    log = _open(url, folder)
    log.signer.take(log.signer.epoch())
    try:
        yield log
    finally:
        log.database.close()


def _open(url: str, folder: Path) -> Log:
    folder.mkdir(exist_ok=True)
    database = open_database(url)
    migrate(database, "services.audit.migrations")
    return Log(
        database=database,
        origin=ORIGIN,
        confidential=Confidential(bytes(32), bytes(range(32))),
        signer=Signer(KEY, folder / "signer"),
        policy=nobody,
        clock=utc_now,
    )


def nobody() -> Policy:
    """Publish at once: what witnesses cost is another measure (`deploy.bench_witnesses`)."""
    return NOBODY


def events() -> Iterator[Event]:
    """Transfers of some cases, as the exchange tells of them."""
    cases = [new_id(utc_now()) for _ in range(CASES)]
    for number in itertools.count():
        yield Event(
            event_id=new_id(utc_now()),
            type="transfer.intent",
            event_time=format_time(utc_now()),
            transfer_id=cases[number % CASES],
            direction="out",
            peer="QN",
            channel="QM>QN",
            epoch=0,
            seq=number,
            entry_type="package",
            entry_hash=f"{number:096x}",
            case_id=cases[number % CASES],
            size=4096,
            personal={"client": "urn:rogatory:QM:approver", "officer": "approver at the desk"},
        )


def measure(log: Log, signals: Signals, callers: int, seconds: float) -> Appends:
    """Let so many callers append for a while; then insert bare rows in the same batches."""
    before = _count(log.database, "checkpoint")
    times = _append(log, signals, callers, seconds)
    spent, taken = times.pop(), len(times) - 1
    batches = max(1, _count(log.database, "checkpoint") - before)
    batch = max(1.0, taken / batches)
    cuts = quantiles(times, n=100)
    bare = _insert(log.database, round(batch), _leaf_size(log.database), seconds)
    return Appends(
        callers=callers,
        per_second=taken / spent,
        median=cuts[49],
        worst=cuts[98],
        batch=batch,
        bare=bare,
    )


def _append(log: Log, signals: Signals, callers: int, seconds: float) -> list[float]:
    """Append; return how long each took, and last how long all together took."""
    source, turn, times = events(), threading.Lock(), list[float]()
    end = perf_counter() + seconds

    def call() -> None:
        while perf_counter() < end:
            with turn:
                event = next(source)
            began = perf_counter()
            submission.submit(
                [event],
                database=log.database,
                confidential=log.confidential,
                clock=log.clock,
                signals=signals,
            )
            times.append(perf_counter() - began)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [*times, perf_counter() - began]


def _insert(database: Database, batch: int, size: int, seconds: float) -> float:
    """Insert bare rows; return how many a second."""
    name = f"bare_{new_id(utc_now()).replace('-', '')}"
    kind = "BYTEA" if database.engine.dialect.name == "postgresql" else "BLOB"
    with database.begin() as db:
        db.execute(sa.text(f"CREATE TABLE {name} (id BIGINT PRIMARY KEY, body {kind})"))
    insert = sa.text(f"INSERT INTO {name} (id, body) VALUES (:id, :body)")  # noqa: S608
    body, number = bytes(size), 0
    began = perf_counter()
    while perf_counter() < began + seconds / 2:
        rows = [{"id": number + each, "body": body} for each in range(batch)]
        with database.begin() as db:
            db.execute(insert, rows)
        number += batch
    spent = perf_counter() - began
    with database.begin() as db:
        db.execute(sa.text(f"DROP TABLE {name}"))
    return number / spent


def stored(database: Database) -> tuple[int, int]:
    """Return how many bytes the database takes, and how many entries it has."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            query = "SELECT pg_database_size(current_database())"
        else:
            query = (
                "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(),"
                " pragma_freelist_count(), pragma_page_size()"
            )
        size = connection.execute(sa.text(query)).scalar_one()
    return int(size), _count(database, "log_entry")


def _count(database: Database, table: str) -> int:
    with database.read() as db:
        return int(db.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def _leaf_size(database: Database) -> int:
    with database.read() as db:
        return int(db.execute(sa.text("SELECT avg(length(body)) FROM log_entry")).scalar_one())
