"""A service's threads: each job is done again and again until the process is told to stop."""

import threading
from collections.abc import Mapping
from typing import Protocol

from shared.runtime import logs
from shared.runtime.database import Pulse

IDLE = 1.0  # seconds between two looks when nothing was committed here: what is due by the clock
TROUBLED = 2.0  # seconds after something went wrong


class Job(Protocol):
    """Something that is done bit by bit, and safe to kill at any line."""

    def begin(self) -> None:
        """Take over from whoever did it before us."""

    def work(self) -> bool:
        """Do one bit; False when there was nothing to do."""


class Crew:
    """One thread for each job."""

    def __init__(
        self,
        jobs: Mapping[str, Job],
        stopping: threading.Event,
        pulse: Pulse,
        *,
        idle: float = IDLE,
        troubled: float = TROUBLED,
    ) -> None:
        self._stopping, self._pulse = stopping, pulse
        self._idle, self._troubled = idle, troubled
        self._threads = [
            threading.Thread(target=self._run, args=(name, job), name=name)
            for name, job in jobs.items()
        ]

    def start(self) -> None:
        """Begin all jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Tell every job to stop, and wait until it has."""
        self._stopping.set()
        self._pulse.beat()
        for thread in self._threads:
            thread.join()

    def problems(self) -> Mapping[str, str]:
        """Return what `/readyz` says of each job."""
        return {t.name: "ok" if t.is_alive() else "not running" for t in self._threads}

    def _run(self, name: str, job: Job) -> None:
        begun = False
        while not self._stopping.is_set():
            # Counted before the look: what is committed while we look is looked at again.
            seen = self._pulse.count
            try:
                if not begun:
                    job.begin()
                    begun = True
                if not job.work():
                    self._pulse.wait(seen, self._idle)
            except Exception as error:  # noqa: BLE001 - a job outlives what goes wrong in one bit of it
                logs.log().error("job_failed", job=name, error=type(error).__name__, exc_info=error)
                self._stopping.wait(self._troubled)
