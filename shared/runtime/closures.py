"""What an edge refused before any app saw it, counted until somebody asks."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_SOURCES = 4096  # counted apart between two takes; a flood from more is counted together
ELSEWHERE = "elsewhere"
RECORDED = "recorded"  # in `scope["state"]` if the app has recorded that it refused


@dataclass
class Closing:
    """In `scope["state"]["closing"]`: why the edge closed the connection under a running app.

    The edge counts it when the app has ended, unless the app recorded the call itself and said so.
    """

    reason: str | None = None


class Closures:
    """Counts of (address, reason), for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, address: str, reason: str) -> None:
        """Count one more; reasons are tokens like `header-deadline`."""
        with self._lock:
            known = (address, reason) in self._counts or len(self._counts) < MAX_SOURCES
            self._counts[address if known else ELSEWHERE, reason] += 1

    def take(self) -> dict[tuple[str, str], int]:
        """Return what was counted since the last time, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return dict(taken)


def counting(app: ASGIApp, count: Callable[[str], None]) -> ASGIApp:
    """Wrap `app` for one call: what the edge closed under it is counted, unless it was recorded."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            state = scope["state"]
            if state["closing"].reason is not None and RECORDED not in state:
                count(state["closing"].reason)

    return counted


class EdgeConfig(uvicorn.Config):
    """uvicorn's configuration of a listener, with where its protocol counts what it closes."""

    closures: Closures

    def __init__(self, *arguments: Any, closures: Closures, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **options)
        self.closures = closures
