"""A log may ask often for a while, and not for long."""

from datetime import UTC, datetime, timedelta

import pytest

from services.audit.pacing import BURST, RATE, Pace
from shared.runtime.refusals import TooMany

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def exhausted() -> Pace:
    pace = Pace()
    for _ in range(int(BURST)):
        pace.take("log", NOW)
    return pace


def test_it_begins_with_plenty_and_ends() -> None:
    with pytest.raises(TooMany) as refused:
        exhausted().take("log", NOW)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})


def test_others_are_not_held_up() -> None:
    exhausted().take("other", NOW)


def test_it_comes_back_with_time() -> None:
    pace, now = exhausted(), NOW
    for _ in range(50):
        now += timedelta(seconds=1 / RATE)
        pace.take("log", now)
    with pytest.raises(TooMany):
        pace.take("log", now)


def test_there_is_never_more_than_in_the_beginning() -> None:
    pace = exhausted()
    later = NOW + timedelta(days=1)
    for _ in range(int(BURST)):
        pace.take("log", later)
    with pytest.raises(TooMany):
        pace.take("log", later)


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    pace = Pace()
    pace.take("log", NOW)
    pace.take("log", NOW - timedelta(hours=1))
