"""In any sixty seconds nobody gets more than the quota, and everybody is told what is left."""

from dataclasses import dataclass

import pytest

from services.gateway.rates import MOST_OWNERS, Policy, Rates
from shared.runtime.refusals import TooMany


@dataclass
class Seconds:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def rates(seconds: Seconds) -> Rates:
    return Rates({Policy.CALLS: 3, Policy.OPEN: 1}, seconds)


def test_who_has_some_left_is_told_how_much(rates: Rates) -> None:
    first = rates.take(Policy.CALLS, "a")
    assert first.headers == {
        "RateLimit-Policy": '"calls";q=3;w=60',
        "RateLimit": '"calls";r=2;t=60',
    }


def test_over_the_quota_is_refused_and_told_when_again(rates: Rates, seconds: Seconds) -> None:
    for _ in range(3):
        rates.take(Policy.CALLS, "a")
        seconds.at += 10
    with pytest.raises(TooMany) as caught:
        rates.take(Policy.CALLS, "a")
    assert caught.value.code == "quota_exceeded"
    assert caught.value.headers["Retry-After"] == "30"
    assert caught.value.headers["RateLimit"] == '"calls";r=0;t=30'
    assert caught.value.facts == {"violated-policies": ["calls"]}
    seconds.at += 30
    assert rates.take(Policy.CALLS, "a").left == 0  # who waits as long as told is served


def test_no_sixty_seconds_have_more_than_the_quota(rates: Rates, seconds: Seconds) -> None:
    served = []
    for _ in range(600):
        try:
            rates.take(Policy.CALLS, "a")
            served.append(seconds.at)
        except TooMany:
            pass
        seconds.at += 0.7
    assert all(later - earlier >= 60 for earlier, later in zip(served, served[3:], strict=False))
    assert len(served) == 3 * 7


def test_a_refused_call_costs_nothing(rates: Rates, seconds: Seconds) -> None:
    rates.take(Policy.OPEN, "a")
    for _ in range(59):
        seconds.at += 1
        with pytest.raises(TooMany):
            rates.take(Policy.OPEN, "a")
    seconds.at += 1
    rates.take(Policy.OPEN, "a")


def test_others_and_other_policies_are_not_touched(rates: Rates) -> None:
    rates.take(Policy.OPEN, "a")
    rates.take(Policy.OPEN, "b")
    assert rates.take(Policy.CALLS, "a").left == 2


def test_what_is_remembered_is_bounded(rates: Rates) -> None:
    rates.take(Policy.OPEN, "first")
    for number in range(MOST_OWNERS):
        rates.take(Policy.OPEN, f"192.0.2.{number}")
    rates.take(Policy.OPEN, "first")  # forgotten, since it was silent longest
    with pytest.raises(TooMany):
        rates.take(Policy.OPEN, f"192.0.2.{MOST_OWNERS - 1}")


def test_nothing_is_kept_of_who_called_before_the_window(rates: Rates, seconds: Seconds) -> None:
    for number in range(1000):
        rates.take(Policy.CALLS, f"192.0.2.{number}")
        seconds.at += 1
    assert len(rates._books[Policy.CALLS].owners) <= 61
    seconds.at += 60
    rates.take(Policy.CALLS, "a")
    assert list(rates._books[Policy.CALLS].owners) == ["a"]
