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


@DATABASES
def test_f23_a_thousand_relayed_twice_in_any_order_are_a_thousand(
    logbook: Logbook, signals: Signals
) -> None:
    """What a relay that died and began anew sends: everything again, by many hands, out of order."""
    sent = [event(number) for number in range(1000)]
    calls = [sent[at : at + 5] for at in range(0, 1000, 5)]
    again = [sent[at::40] for at in range(40)]  # the same, cut another way
    with ThreadPoolExecutor(24) as pool:
        waiting = [
            pool.submit(submit, logbook, signals, *call)
            for call in sorted([*calls, *again], key=lambda call: call[0].event_id[::-1])
        ]
        told = [each.result() for each in waiting]
    places: dict[str, set[int]] = {}
    for answers in told:
        assert isinstance(answers, list)
        for answer in answers:
            places.setdefault(answer.event_id, set()).add(answer.index)
    assert len(places) == len(sent)
    assert all(len(each) == 1 for each in places.values())
    assert sorted(index for each in places.values() for index in each) == list(range(1, 1001))
    assert logbook.inspect() == 1001
