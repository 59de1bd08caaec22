"""What the threads of this process tell each other.

The truth is in the database: a lost signal costs a moment, never an entry, and another process is
noticed by looking again.
"""

import threading
from typing import Any

from services.audit.alarms import Alarm
from services.audit.gathering import Gathering


class Signals:
    """`arrived`: there is something to sequence. `signed`: a checkpoint is out, or the log stopped.

    `intake` and `outcome` are where callers meet who bring events, or look what became of theirs.
    """

    def __init__(self) -> None:
        self.intake: Gathering[Any, bool] = Gathering()
        self.outcome: Gathering[str, list[Any]] = Gathering()
        self._arrival = threading.Event()
        self._condition = threading.Condition()
        self._generation = 0
        self._alarm: Alarm | None = None
        self._verdict: Alarm | None = None

    def arrived(self) -> None:
        """Wake the sequencer."""
        self._arrival.set()

    def await_arrival(self, seconds: float) -> None:
        """Wait for something to sequence, at most so long."""
        self._arrival.wait(seconds)
        self._arrival.clear()

    def signed(self) -> None:
        """Wake all who wait for a checkpoint; the log is in order."""
        self._turn(None)

    def stopped(self, alarm: Alarm) -> None:
        """Wake all who wait: the log takes no entries."""
        self._turn(alarm)

    def condemn(self, alarm: Alarm) -> None:
        """Say that this log must sign nothing more, whoever finds out; only people end that."""
        self._verdict = self._verdict or alarm
        self.stopped(self._verdict)
        self.arrived()

    def check(self) -> None:
        """Look before each signature whether the log was condemned.

        Raises:
            Alarm: it was.
        """
        if self._verdict is not None:
            raise self._verdict

    @property
    def alarm(self) -> Alarm | None:
        """Why the log has stopped, if it has."""
        return self._alarm

    @property
    def generation(self) -> int:
        """A number that grows with each signal; take it before looking, then wait from it."""
        return self._generation

    def await_signed(self, seen: int, seconds: float) -> None:
        """Wait until something was signalled after `seen`, at most so long."""
        with self._condition:
            self._condition.wait_for(lambda: self._generation != seen, seconds)

    def _turn(self, alarm: Alarm | None) -> None:
        with self._condition:
            self._generation += 1
            self._alarm = self._verdict or alarm
            self._condition.notify_all()
