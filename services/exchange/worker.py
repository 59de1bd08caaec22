"""The exchange's threads: each job is done again and again until the process is told to stop."""

import threading
from collections.abc import Mapping
from typing import Protocol

from shared.runtime import logs

IDLE = 0.1  # seconds between two looks when there was nothing to do
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
        self, jobs: Mapping[str, Job], stopping: threading.Event, *, troubled: float = TROUBLED
    ) -> None:
        self._stopping, self._troubled = stopping, troubled
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
        for thread in self._threads:
            thread.join()

    def problems(self) -> Mapping[str, str]:
        """Return what `/readyz` says of each job."""
        return {t.name: "ok" if t.is_alive() else "not running" for t in self._threads}

    def _run(self, name: str, job: Job) -> None:
        begun = False
        while not self._stopping.is_set():
            try:
                if not begun:
                    job.begin()
                    begun = True
                pause = 0.0 if job.work() else IDLE
            except Exception as error:  # noqa: BLE001 - a job outlives what goes wrong in one bit of it
                logs.log().error("job_failed", job=name, error=type(error).__name__, exc_info=error)
                pause = self._troubled
            self._stopping.wait(pause)
