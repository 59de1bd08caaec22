"""How long to wait before the next attempt: never for ever, never all at once."""

import secrets
from datetime import timedelta

FIRST = timedelta(milliseconds=500)
LONGEST = timedelta(seconds=30)
LONGEST_TOLD = timedelta(minutes=15)  # that anybody can make us wait by saying so
SPREAD = 0.1  # of what we are told, added at random: not all come back at once
TOO_MANY, UNAVAILABLE = 429, 503
_RANDOM = secrets.SystemRandom()


def pause(attempts: int) -> timedelta:
    """Draw a pause after `attempts` failures: exponential back-off with full jitter.

    (Brooker, "Exponential Backoff And Jitter", 2015: full jitter spreads the retries of many best.)
    """
    longest = min(LONGEST, FIRST * (1 << min(attempts, 10)))
    return longest * _RANDOM.random()


def told(status: int, retry_after: str | None) -> timedelta | None:
    """Return how long an answer asks us to wait, and a little more; None if it does not.

    Whoever says so has done nothing with the call (RFC 9110, 10.2.3): it is sent again, and it is no
    failure. A time of day is not taken, since clocks differ.
    """
    if status not in {TOO_MANY, UNAVAILABLE} or not (retry_after or "").isdecimal():
        return None
    wait = min(LONGEST_TOLD, timedelta(seconds=int(str(retry_after)[:9])))
    return wait * (1 + SPREAD * _RANDOM.random())
