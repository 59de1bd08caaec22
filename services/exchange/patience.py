"""How long to wait before the next attempt: never for ever, never all at once."""

import secrets
from datetime import timedelta

FIRST = timedelta(milliseconds=500)
LONGEST = timedelta(seconds=30)
_RANDOM = secrets.SystemRandom()


def pause(attempts: int) -> timedelta:
    """Draw a pause after `attempts` failures: exponential back-off with full jitter.

    (Brooker, "Exponential Backoff And Jitter", 2015: full jitter spreads the retries of many best.)
    """
    longest = min(LONGEST, FIRST * (1 << min(attempts, 10)))
    return longest * _RANDOM.random()
