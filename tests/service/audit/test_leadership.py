"""F17: one process leads, the others stand by; a leader that lost the lead writes and signs nothing."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from services.audit import leadership, submission
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.signer import STATE, Signer
from services.audit.store.lease import KEY as LEASE
from services.audit.store.lease import SessionLock
from services.audit.submission import Recorded
from services.audit.tables import log_head
from services.audit.worker import Log, Sequencer
from tests.service.audit.logbook import CONFIDENTIAL, KEY, Logbook, SetClock, event
from tests.service.audit.stopping import stopped_leader
from tests.service.audit.test_worker import INTERVAL, SOON, eventually, logbook_size

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
SESSIONS = sa.text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :key"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
).bindparams(key=LEASE)
OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


@dataclass
class Process:
    """A process of the log: its own sequencer, signals and signer over what all of them share."""

    log: Log
    signals: Signals
    sequencer: Sequencer
    clock: SetClock

    def submit(self, *events: Event) -> list[Recorded]:
        return submission.submit(
            events,
            database=self.log.database,
            confidential=CONFIDENTIAL,
            clock=self.log.clock,
            signals=self.signals,
            patience=timedelta(seconds=SOON),
        )


@dataclass
class Processes:
    book: Logbook
    stack: ExitStack

    def start(self) -> Process:
        # Replicas on several hosts have clocks and memories of their own.
        clock = SetClock(self.book.clock.now)
        log = replace(self.book.log, signer=Signer(KEY, self.book.folder / "signer"), clock=clock)
        signals = Signals()
        sequencer = Sequencer(log, signals, interval=INTERVAL)
        sequencer.start()
        self.stack.callback(sequencer.stop)
        return Process(log, signals, sequencer, clock)

    def end_the_leaders_session(self) -> None:
        eventually(self._ended)

    def _ended(self) -> bool:
        with self.book.database.begin() as db:
            leaders = db.scalars(SESSIONS).all()
            for pid in leaders:
                db.execute(sa.select(sa.func.pg_terminate_backend(pid)))
        return bool(leaders)


@pytest.fixture
def processes(logbook: Logbook) -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(logbook, stack)


@BOTH
def test_one_leads_and_the_other_stands_by(processes: Processes) -> None:
    first, second = processes.start(), processes.start()
    assert (first.sequencer.state, second.sequencer.state) == ("ok", "standby")
    assert (first.sequencer.leading(), second.sequencer.leading()) == (True, False)


@BOTH
def test_who_stands_by_takes_events_and_shows_the_log(processes: Processes) -> None:
    _, second = processes.start(), processes.start()
    (recorded,) = second.submit(event(1))
    assert recorded.index == 1
    assert second.submit(event(1)) == [recorded]


@BOTH
def test_when_the_leader_stops_another_takes_over(processes: Processes) -> None:
    first, second = processes.start(), processes.start()
    first.submit(event(1))
    first.sequencer.stop()
    (recorded,) = second.submit(event(2))
    assert (recorded.index, second.sequencer.state) == (2, "ok")
    assert first.sequencer.state == "not running"
    assert processes.book.inspect() == 3


@POSTGRESQL
def test_a_session_that_ends_costs_the_lead_and_no_entry(processes: Processes) -> None:
    leader = processes.start()
    leader.submit(event(1))
    for number in (2, 3):
        processes.end_the_leaders_session()
        assert leader.submit(event(number))[0].index == number
    eventually(lambda: leader.sequencer.state == "ok")
    assert processes.book.inspect() == 4


@POSTGRESQL
def test_one_whose_session_ended_stands_by_again(processes: Processes) -> None:
    first, second = processes.start(), processes.start()
    old = first.sequencer
    processes.end_the_leaders_session()
    eventually(lambda: {old.state, second.sequencer.state} == {"ok", "standby"})
    indexes = [each.submit(event(n))[0].index for n, each in enumerate((first, second), 1)]
    assert indexes == [1, 2]
    assert processes.book.inspect() == 3


@BOTH
def test_one_that_was_overtaken_stands_by_again(processes: Processes) -> None:
    leader = processes.start()
    leader.submit(event(1))
    processes.book.open()  # another, who raised the epoch without asking for the lock
    assert leader.submit(event(2))[0].index == 2
    eventually(lambda: leader.sequencer.state == "ok")
    assert processes.book.inspect() == 3


@BOTH
def test_a_clock_that_is_behind_stops_the_leader_alone(processes: Processes) -> None:
    first, second = processes.start(), processes.start()
    first.submit(event(1))
    first.clock.back(hours=1)
    second.clock.back(hours=-1)
    processes.book.take(event(2))
    eventually(lambda: "behind" in first.sequencer.state)
    first.sequencer._lead.release()
    eventually(lambda: first.sequencer.state == "standby")
    assert second.submit(event(2))[0].index == 2


@BOTH
def test_a_lead_is_taken_once_and_freed(logbook: Logbook) -> None:
    one, other = (leadership.of(logbook.database, logbook.folder) for _ in range(2))
    assert (one.held(), one.take(), one.held()) == (False, True, True)
    assert (other.take(), other.held()) == (False, False)
    one.release()
    one.release()
    assert (one.held(), other.take(), other.take()) == (False, True, True)
    other.release()


@POSTGRESQL
def test_who_asks_in_a_session_that_ended_asks_in_another(logbook: Logbook) -> None:
    lock = SessionLock(logbook.database)
    assert lock.take()
    _end_other_sessions(logbook)
    with pytest.raises(psycopg.OperationalError):
        lock.take()
    assert lock.take()
    lock.release()


def test_a_folder_that_cannot_be_locked(logbook: Logbook) -> None:
    (logbook.folder / leadership.LOCK).mkdir()
    with pytest.raises(IsADirectoryError):
        leadership.of(logbook.database, logbook.folder).take()


def test_a_leader_that_stops_for_an_alarm_lets_others_look(processes: Processes) -> None:
    first, second = processes.start(), processes.start()
    first.submit(event(1))
    with processes.book.database.begin() as db:
        db.execute(sa.text("DROP TRIGGER log_head_update"))
        db.execute(log_head.update().values(size=1, root=bytes(32)))
    eventually(lambda: "rolled back" in first.sequencer.state)
    eventually(lambda: "more than the head counts" in second.sequencer.state)


# When the leader stands still: having read the head, or with a durable batch that has no signature.
IN_THE_BATCH, BEFORE_THE_SIGNATURE = 1, 2


@POSTGRESQL
@pytest.mark.parametrize("session", ["lives", "was ended"])
def test_a_leader_that_was_stopped_in_a_batch_writes_nothing(
    logbook: Logbook, session: str
) -> None:
    with stopped_leader(_url(logbook), logbook.folder, looks=IN_THE_BATCH) as old:
        if session == "was ended":
            _end_other_sessions(logbook)
        logbook.restart()
        (recorded,) = logbook.record(event(1))
        said = old.go_on()
    assert said.startswith("lost: " if session == "lives" else "failed: ")
    assert logbook.record(event(1)) == [recorded]
    assert logbook.inspect() == 2


@BOTH
def test_a_leader_that_was_stopped_before_it_signed_signs_nothing(logbook: Logbook) -> None:
    with stopped_leader(_url(logbook), logbook.folder, looks=BEFORE_THE_SIGNATURE) as old:
        logbook.restart()  # the new one signs what the old one left, and goes on
        logbook.record(event(2))
        assert logbook.signer.last
        note = logbook.signer.last.note
        assert old.go_on() == "lost: the signer serves another sequencer"
    assert (logbook.folder / "signer" / STATE).read_text() == note
    assert logbook.inspect() == 3


def _url(logbook: Logbook) -> str:
    return logbook.database.engine.url.render_as_string(hide_password=False)


def _end_other_sessions(logbook: Logbook) -> None:
    with logbook.database.begin() as db:
        db.execute(OTHERS)


@POSTGRESQL
def test_the_server_frees_the_lead_of_a_holder_that_says_nothing(logbook: Logbook) -> None:
    silent, next_one = (SessionLock(logbook.database) for _ in range(2))
    assert silent.take()
    assert silent._connection
    silent._connection.execute("SET idle_session_timeout = 100")
    eventually(next_one.take)
    assert not silent.held()
    assert next_one.held()
    silent.release()
    next_one.release()


def test_who_asks_for_longer_than_the_lead_lasts_asks_once(logbook: Logbook) -> None:
    asked: list[int] = []

    def assure(_stopping: threading.Event) -> None:
        sequencer._lead.release()  # as the server frees it from a silent session
        asked.append(sequencer._epoch)

    sequencer = Sequencer(logbook.log, Signals(), interval=INTERVAL, assure=assure)
    sequencer.start()
    try:
        logbook.take(event(1))
        eventually(lambda: logbook_size(logbook) == 2)
        logbook.open()  # another led
        eventually(lambda: len(asked) == 2)
    finally:
        sequencer.stop()
