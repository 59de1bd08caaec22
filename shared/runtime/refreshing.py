"""Bring the directory of countries from the gateway, again and again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from shared.protocol.errors import ProtocolError
from shared.protocol.trust import MAX_BUNDLE
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.directory import Directory

PACE = timedelta(seconds=60)
HURRY = timedelta(seconds=0.5)  # while there is none at all, or the last attempt failed


@dataclass(slots=True, kw_only=True)
class Refresher:
    """Fetches the trust bundle; what does not hold from the pinned root is not taken."""

    gateway: httpx.Client
    directory: Directory
    clock: Clock
    due_at: datetime | None = None

    def begin(self) -> None:
        """Nothing is taken over: the first attempt is due at once."""

    def work(self) -> bool:
        """Fetch the bundle, if it is time to."""
        now = self.clock()
        if self.due_at is not None and now < self.due_at:
            return False
        self.due_at = now + (PACE if self._refresh() else HURRY)
        return False

    def _refresh(self) -> bool:
        try:
            answer = self.gateway.get("/egress/directory")
            if not answer.is_success or len(answer.content) > MAX_BUNDLE:
                logs.log().warning("no_directory", status=answer.status_code)
                return False
            self.directory.adopt(answer.content)
        except httpx.TransportError as error:
            logs.log().warning("no_directory", error=type(error).__name__)
            return False
        except ProtocolError as error:
            # Whoever changed it, the one before stays in force.
            logs.log().error("directory_refused", code=error.code, detail=error.detail)
            return False
        return True
