"""Whether the audit log takes events now: asked when somebody needs to know, once a second at most."""

import threading
import time
from collections.abc import Callable

from services.gateway.addresses import Route
from shared.runtime.refusals import Unavailable

AGE = 1.0  # seconds that an answer counts
# What leaves as content is read only while the log can say so.
EVIDENCE = frozenset(
    {
        "/v1/packages/{id}/items/{item}/segments/{n}",
        "/v1/packages/{id}/tags",
        "/v1/packages/{id}/chain",
        "/peer/v1/packages/{id}/index",
        "/peer/v1/packages/{id}/segments/{item}/{n}",
    }
)

Ask = Callable[[], bool]
Monotonic = Callable[[], float]


class LogStanding:
    """Remembers for a second what the audit service answered; safe to share between threads."""

    def __init__(self, ask: Ask, clock: Monotonic = time.monotonic) -> None:
        """Use `ask` to find out, which blocks."""
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._good, self._asked = True, float("-inf")

    def check(self, route: Route) -> None:
        """Let a call pass that the log must be able to witness.

        Raises:
            Unavailable: `audit_unavailable`; nothing was done.
        """
        if needs_log(route) and not self._is_good():
            raise Unavailable(
                "audit_unavailable",
                "The audit log of this node cannot record what you ask for, so it is not done.",
                next_step="Nothing was done and nothing is lost. Send the same again in a moment.",
                headers={"Retry-After": "5"},
            )

    def _is_good(self) -> bool:
        with self._lock:
            if self._clock() - self._asked > AGE:
                # Whoever comes meanwhile waits for the same answer.
                self._good = self._ask()
                self._asked = self._clock()
            return self._good


def needs_log(route: Route) -> bool:
    """Say whether a call writes, or reads evidence.

    What the gateway does itself goes on: its events wait in its own database, and a client must be
    suspended also while the log is away. What the log does it decides itself: it is read and inspected
    also, and above all, while it stands still.
    """
    return route.service == "exchange" and (route.method != "GET" or route.template in EVIDENCE)
