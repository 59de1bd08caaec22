"""The one clock of a story: it runs like any other, and can be set forward."""

import threading
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

MOMENT = 0.3  # seconds that a wait really takes at most


class StoryClock:
    """Tells every service, client and officer of a story the same time; never goes back.

    It runs on by itself, since retries and pauses are counted by it as well.
    """

    def __init__(self, begins: datetime) -> None:
        self._lock = threading.Lock()
        self._set_to, self._since = begins.astimezone(UTC), monotonic()

    def __call__(self) -> datetime:
        """Return the moment of the story, aware, in UTC."""
        with self._lock:
            return self._now()

    def set(self, moment: datetime) -> None:
        """Go on from another moment.

        Raises:
            ValueError: it has been.
        """
        with self._lock:
            if moment < self._now():
                message = f"{moment} has been: it is {self._now()}"
                raise ValueError(message)
            self._set_to, self._since = moment.astimezone(UTC), monotonic()

    def skip(self, seconds: float) -> None:
        """Let somebody wait who was told to: most of it passes at once."""
        really = min(seconds, MOMENT)
        sleep(really)
        self.set(self() + timedelta(seconds=seconds - really))

    def _now(self) -> datetime:
        return self._set_to + timedelta(seconds=monotonic() - self._since)
