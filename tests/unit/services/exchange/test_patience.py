from datetime import timedelta

import pytest

from services.exchange.patience import FIRST, LONGEST, LONGEST_TOLD, pause, told


def test_pauses_grow_and_end_and_differ() -> None:
    drawn = [[pause(attempts) for _ in range(50)] for attempts in range(20)]
    for attempts, pauses in enumerate(drawn):
        assert all(timedelta(0) <= each <= min(LONGEST, FIRST * 2**attempts) for each in pauses)
        assert len(set(pauses)) > 40
    assert max(drawn[-1]) > LONGEST / 2


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_told_to_wait_waits_a_little_longer_than_that(status: int) -> None:
    waits = [told(status, "20") for _ in range(50)]
    assert all(wait and timedelta(seconds=20) <= wait <= timedelta(seconds=22) for wait in waits)
    assert len(set(waits)) > 40


@pytest.mark.parametrize(
    ("status", "field"),
    [(500, "20"), (409, "20"), (503, None), (503, "soon"), (429, "-1")],
    ids=["broken", "conflict", "no time", "a word", "negative"],
)
def test_anything_else_is_not_told_to_wait(status: int, field: str | None) -> None:
    assert told(status, field) is None


def test_nobody_makes_us_wait_for_ever() -> None:
    assert (told(503, "9" * 400) or timedelta.max) <= LONGEST_TOLD * 1.1
