"""Ask the country's own log how it stands, again and again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from services.exchange.own_log import OwnLog, Standing
from shared.protocol import canonical
from shared.protocol.errors import FormatError
from shared.runtime import logs
from shared.runtime.clock import Clock

PACE = timedelta(seconds=2)


@dataclass(slots=True, kw_only=True)
class LogWatch:
    """Keeps what was heard; while audit is away, the last word stands."""

    audit: httpx.Client
    own_log: OwnLog
    clock: Clock
    due_at: datetime | None = None

    def begin(self) -> None:
        """Nothing is taken over: the first question is due at once."""

    def work(self) -> bool:
        """Ask, if it is time to."""
        now = self.clock()
        if self.due_at is not None and now < self.due_at:
            return False
        self.due_at = now + PACE
        try:
            heard = _standing(self.audit.get("/status"))
        except (httpx.TransportError, FormatError) as error:
            logs.log().warning("no_log_status", why=str(error) or type(error).__name__)
            return False
        before, self.own_log.standing = self.own_log.state, heard
        if self.own_log.state != before:
            logs.log().warning("log_status", was=before, now=self.own_log.state)
        return False


def _standing(answer: httpx.Response) -> Standing:
    match canonical.read(answer.content) if answer.is_success else None:
        case {
            "alarm": (str() | None) as alarm,
            "unwitnessed_for": int(unwitnessed_for),
            "limit": int(limit),
            "blocked": bool(blocked),
        }:
            return Standing(
                alarm=alarm, unwitnessed_for=unwitnessed_for, limit=limit, blocked=blocked
            )
        case _:
            raise FormatError(f"audit does not say how the log stands ({answer.status_code})")
