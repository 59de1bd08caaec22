"""Before a new leader signs, it asks the witnesses whether they have seen more of this log than there is.

The signer's memory catches a database that was restored from an old copy. Where both were restored, only
those outside know: a log that went on from there would sign a second history.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from services.audit.alarms import OtherHistory
from services.audit.membership import Membership
from services.audit.witnesses import Station, UnansweredError, Witnesses, stations
from shared.protocol.errors import ProtocolError
from shared.runtime import logs

AGAIN = 0.5  # seconds until a witness is asked again
_GLANCE = 0.1

_Heard = queue.SimpleQueue[tuple[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance:
    """Best effort: a witness that does not answer in time is asked with the next checkpoint."""

    membership: Membership
    witnesses: Witnesses
    contradiction: Callable[[str], str | None]  # what a note proves against our log
    patience: timedelta

    def __call__(self, stopping: threading.Event) -> None:
        """Ask all witnesses of our policy at once.

        Raises:
            OtherHistory: one shows a note of ours that is not of the log as it stands here.
        """
        deadline = time.monotonic() + self.patience.total_seconds()
        while (policy := self.membership.policy) is None:
            if time.monotonic() >= deadline or stopping.wait(_GLANCE):
                logs.log().warning("witnesses_not_asked", why="there is no directory yet")
                return
        heard, over, asked = _Heard(), threading.Event(), stations(policy)
        for station in asked:
            # A thread that hangs in the network must not keep the process from ending.
            threading.Thread(
                target=self._ask, args=(station, heard, over), name="assurance", daemon=True
            ).start()
        try:
            self._listen(heard, {each.name for each in asked}, deadline, stopping)
        finally:
            over.set()

    def _listen(
        self, heard: _Heard, missing: set[str], deadline: float, stopping: threading.Event
    ) -> None:
        while missing and not stopping.is_set():
            try:
                name, found = heard.get(timeout=_GLANCE)
            except queue.Empty:
                if time.monotonic() < deadline:
                    continue
                logs.log().warning("witnesses_not_asked", missing=sorted(missing))
                return
            if found is not None:
                raise OtherHistory(name, found)
            missing.discard(name)

    def _ask(self, station: Station, heard: _Heard, over: threading.Event) -> None:
        """Ask one witness until it answers; tell what is against us, or None."""
        while not over.is_set():
            try:
                note = self.witnesses.newest(station.name)
                found = None if note is None else self.contradiction(note)
            except UnansweredError as error:
                logs.log().info("witness_unanswered", witness=station.name, why=str(error))
                over.wait(AGAIN)
            except ProtocolError as error:
                logs.log().warning("not_our_note", witness=station.name, why=error.detail)
                heard.put((station.name, None))
                return
            else:
                if found is not None:
                    logs.log().critical(
                        "other_history", witness=station.name, claim=found, note=note
                    )
                heard.put((station.name, found))
                return
