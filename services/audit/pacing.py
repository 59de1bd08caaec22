"""How often a log may have a new tree cosigned: each of them is kept for ever."""

import math
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from shared.runtime.refusals import TooMany

RATE = 10.0  # a second, of one log; a log asks five times a second at most
BURST = 100.0


@dataclass(slots=True)
class _Allowance:
    left: float = BURST
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """Counts the new trees that are cosigned of each log; safe to share between threads."""

    _allowances: dict[str, _Allowance] = field(default_factory=lambda: defaultdict(_Allowance))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, origin: str, now: datetime) -> None:
        """Count one more.

        Raises:
            TooMany: it has asked too often; `Retry-After` says when again.
        """
        with self._lock:
            allowance = self._allowances[origin]
            passed = (now - allowance.at).total_seconds() if allowance.at else 0.0
            allowance.at = now
            allowance.left = min(BURST, allowance.left + max(0.0, passed) * RATE)
            if allowance.left >= 1.0:
                allowance.left -= 1.0
                return
            missing = (1.0 - allowance.left) / RATE
        raise TooMany(
            "log_in_a_hurry",
            "This log asks for more cosignatures than are kept of one.",
            rule="witnessing.md 2",
            next_step="Let more entries come together before the next checkpoint.",
            headers={"Retry-After": str(math.ceil(missing))},
        )
