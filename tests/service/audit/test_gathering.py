"""Many callers at one moment: each gets its own answer, and nobody the fault of another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.audit import submission
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.submission import Recorded
from services.audit.worker import Sequencer
from shared.runtime.refusals import Conflict
from tests.service.audit.logbook import CONFIDENTIAL, Logbook, event

DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def signals(logbook: Logbook) -> Iterator[Signals]:
    """A log whose sequencer is at work."""
    signals = Signals()
    sequencer = Sequencer(logbook.log, signals, interval=timedelta(milliseconds=1))
    sequencer.start()
    yield signals
    sequencer.stop()


def submit(logbook: Logbook, signals: Signals, *events: Event) -> list[Recorded] | str:
    try:
        return submission.submit(
            events,
            database=logbook.database,
            confidential=CONFIDENTIAL,
            clock=logbook.clock,
            signals=signals,
        )
    except Conflict as conflict:
        return f"{conflict.code} {conflict.facts['event_id']}"


@DATABASES
def test_sixty_callers_and_a_few_who_lie(logbook: Logbook, signals: Signals) -> None:
    truth = [event(number) for number in range(60)]
    lies = {number: event(number, reason="other") for number in range(0, 60, 7)}
    assert isinstance(submit(logbook, signals, *[truth[number] for number in lies]), list)
    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(submit, logbook, signals, each) for each in truth]
        lied = {
            number: pool.submit(submit, logbook, signals, event(100 + number), lie)
            for number, lie in lies.items()
        }
        answers = [each.result() for each in asked]
        told = {number: each.result() for number, each in lied.items()}
    places = []
    for sent, answer in zip(truth, answers, strict=True):
        assert isinstance(answer, list)
        assert [each.event_id for each in answer] == [sent.event_id]
        places.append(answer[0].index)
    assert len(set(places)) == len(places)
    assert told == {number: f"event_conflict {truth[number].event_id}" for number in lies}
    for number in lies:  # none of what came with a lie was taken
        with logbook.database.read() as db:
            assert submission.recorded(db, [event(100 + number).event_id]) is None
