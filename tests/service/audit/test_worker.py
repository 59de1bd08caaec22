"""The sequencer's thread: it answers soon, survives its database, and says why it stops."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.audit import submission
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.submission import Recorded
from services.audit.tables import log_head
from services.audit.worker import Sequencer
from shared.runtime.refusals import Unavailable
from tests.service.audit.logbook import CONFIDENTIAL, Logbook, event

SOON = 30.0  # seconds; what a busy machine takes at most
INTERVAL = timedelta(milliseconds=20)


@contextmanager
def running(logbook: Logbook, *faults: str) -> Iterator[tuple[Sequencer, Signals]]:
    signals = Signals()
    sequencer = Sequencer(logbook.log, signals, interval=INTERVAL)
    # Opening takes the lead in a transaction of its own.
    logbook.plan(*([None, None, *faults] if faults else []))
    sequencer.start()
    try:
        yield sequencer, signals
    finally:
        sequencer.stop()


def submitted(logbook: Logbook, signals: Signals, *events: Event) -> list[Recorded]:
    return submission.submit(
        events,
        database=replace(logbook.database, faults=[]),  # only the sequencer's own ones fail
        confidential=CONFIDENTIAL,
        clock=logbook.clock,
        signals=signals,
        patience=timedelta(seconds=SOON),
    )


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_event_is_answered_when_it_is_signed(logbook: Logbook) -> None:
    with running(logbook) as (sequencer, signals):
        (recorded,) = submitted(logbook, signals, event(1))
        assert (recorded.index, sequencer.state) == (1, "ok")
    assert sequencer.state == "not running"


def test_many_at_once_share_a_batch(logbook: Logbook) -> None:
    answers: list[Recorded] = []
    with running(logbook) as (_, signals):

        def client(number: int) -> None:
            answers.extend(submitted(logbook, signals, event(number)))

        clients = [threading.Thread(target=client, args=(number,)) for number in range(1, 13)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
    assert sorted(each.index for each in answers) == list(range(1, 13))


def test_what_another_process_took_is_noticed(logbook: Logbook) -> None:
    with running(logbook) as (_, signals):
        logbook.take(event(1))
        eventually(lambda: logbook_size(logbook) == 2)
        assert submitted(logbook, signals, event(1))[0].index == 1


def logbook_size(logbook: Logbook) -> int:
    assert logbook.signer.last
    return logbook.signer.last.checkpoint.size


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_a_database_that_comes_back(logbook: Logbook, fault: str) -> None:
    logbook.take(event(1), event(2))
    with running(logbook, fault) as (sequencer, signals):
        recorded = submitted(logbook, signals, event(1), event(2))
        assert [each.index for each in recorded] == [1, 2]
        assert sequencer.state == "ok"


def test_a_clock_far_behind_is_told_and_ends_by_itself(logbook: Logbook) -> None:
    logbook.record(event(1))
    with running(logbook) as (sequencer, signals):
        logbook.clock.back(minutes=1)
        with pytest.raises(Unavailable, match="behind the last entry"):
            submitted(logbook, signals, event(2))
        assert "behind the last entry" in sequencer.state
        logbook.clock.back(minutes=-2)
        eventually(lambda: sequencer.state == "ok")
        assert submitted(logbook, signals, event(2))[0].index == 2


def test_a_clock_a_little_behind_is_waited_for(logbook: Logbook) -> None:
    logbook.record(event(1))
    with running(logbook) as (_, signals):
        logbook.clock.back(milliseconds=20)  # each look at this clock is a millisecond
        assert submitted(logbook, signals, event(2))[0].index == 2


def test_a_log_that_does_not_recompute_is_not_extended(logbook: Logbook) -> None:
    logbook.record(event(1))
    with logbook.database.begin() as db:
        db.execute(sa.text("DROP TRIGGER log_head_update"))
        db.execute(log_head.update().values(root=bytes(32)))
    with running(logbook) as (sequencer, signals):
        assert not sequencer.is_alive()
        with pytest.raises(Unavailable, match="another root"):
            submitted(logbook, signals, event(2))
        assert sequencer.state != "ok"


def test_a_sequencer_that_never_started_can_be_stopped(logbook: Logbook) -> None:
    sequencer = Sequencer(logbook.log, Signals(), interval=INTERVAL)
    sequencer.stop()
    assert sequencer.state == "not running"
