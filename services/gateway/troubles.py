"""What was wrong with the last refresh: shown to operators, recorded once an hour while it lasts."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuf.api.exceptions import (
    BadVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    UnsignedMetadataError,
)

from services.gateway.views import ClockBehindError
from shared.protocol.errors import ProtocolError
from shared.runtime import logs
from shared.runtime.clock import Clock

REFUSED = "directory.refused"
AGAIN = timedelta(hours=1)  # between two records of the same trouble
DIRECTORY = "directory"

# Type of an event, the peer it is about, the code of its reason.
Report = Callable[[str, str | None, str | None], None]

_REASONS: Mapping[type[Exception], str] = {
    BadVersionNumberError: "rollback",
    ExpiredMetadataError: "expired",
    UnsignedMetadataError: "not-signed",
    LengthOrHashMismatchError: "digest",
    ClockBehindError: "clock-behind",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that was refused: whose, why, and when."""

    who: str  # `directory`, or a country: its document, or its mirror
    reason: str
    at: datetime


class Troubles:
    """The troubles of the last refresh."""

    def __init__(self, report: Report, clock: Clock) -> None:
        self._report, self._clock = report, clock
        self._lock = threading.Lock()
        self._recorded: dict[tuple[str, str], datetime] = {}
        self._found: dict[tuple[str, str], Trouble] = {}
        self.last: tuple[Trouble, ...] = ()

    def note(self, who: str, error: Exception) -> None:
        """Something of the directory, of a mirror or of a country was refused."""
        reason, now = reason_of(error), self._clock()
        logs.log().error("directory_refused", who=who, reason=reason, error=str(error))
        with self._lock:
            self._found[who, reason] = Trouble(who=who, reason=reason, at=now)
            before = self._recorded.get((who, reason))
            again = before is None or not before <= now < before + AGAIN
            if again:
                self._recorded[who, reason] = now
        if again:
            self._report(REFUSED, None if who == DIRECTORY else who, reason)

    def close(self) -> None:
        """End of a refresh: what it did not find any more is over."""
        with self._lock:
            self.last = tuple(self._found.values())
            self._recorded = {key: at for key, at in self._recorded.items() if key in self._found}
            self._found = {}


def reason_of(error: Exception) -> str:
    """Name the reason of a refusal by a code."""
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    if isinstance(error, ProtocolError):
        return error.code.replace("_", "-")
    return "malformed"
