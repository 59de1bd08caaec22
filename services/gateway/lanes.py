"""Threads for what leaves the country, so that a slow peer takes none from the API, nor all from others."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from shared.runtime.refusals import Unavailable

THREADS = 32  # for all peers, witnesses and time-stamping authorities together
LANES = 8  # of them for one
PATIENCE = 20.0  # seconds in which one of them should become free
Result = TypeVar("Result")


@dataclass
class _Place:
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LANES))
    callers: int = 0


class Lanes:
    """Runs blocking calls in threads of its own, for each place only so many at once."""

    def __init__(self) -> None:
        self._all = CapacityLimiter(THREADS)
        self._threads = CapacityLimiter(THREADS)  # always free for who has one of all
        self._places: dict[str, _Place] = {}

    async def call(self, place: str, function: Callable[[], Result]) -> Result:
        """Call a function once a lane to the place is free.

        Raises:
            Unavailable: none became free in time.
        """
        async with self._counted(place) as limiter, AsyncExitStack() as held:
            with anyio.move_on_after(PATIENCE) as waiting:
                await held.enter_async_context(limiter)
                await held.enter_async_context(self._all)
            if waiting.cancelled_caught:
                raise _busy()
            return await to_thread.run_sync(function, limiter=self._threads)

    @asynccontextmanager
    async def _counted(self, name: str) -> AsyncIterator[CapacityLimiter]:
        """Know a place as long as somebody calls it: names are the callers' own."""
        place = self._places.setdefault(name, _Place())
        place.callers += 1
        try:
            yield place.limiter
        finally:
            place.callers -= 1
            if not place.callers:
                del self._places[name]


def _busy() -> Unavailable:
    return Unavailable(
        "egress_busy",
        "As many calls as are made there at once are under way already.",
        next_step="Nothing was sent, and it is tried again by itself.",
        headers={"Retry-After": "10"},
    )
