"""No caller keeps the others waiting: each may have so many calls under way, and no more."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.runtime.refusals import TooMany

MAX_CALLS = 32  # of one client at once


class Turns:
    """Counts the calls that each client has under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def taken(self, client_id: str) -> Iterator[None]:
        """Hold one of the client's turns.

        Raises:
            TooMany: it has none left.
        """
        with self._lock:
            if self._under_way[client_id] >= MAX_CALLS:
                raise TooMany(
                    "too_many_calls",
                    f"This client has {MAX_CALLS} calls under way, as many as it may.",
                    next_step="Wait for some of them to end.",
                    headers={"Retry-After": "1"},
                )
            self._under_way[client_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[client_id] -= 1
                if not self._under_way[client_id]:
                    del self._under_way[client_id]
