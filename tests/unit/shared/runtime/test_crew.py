"""Jobs outlive what goes wrong in one bit of them, and end when they are told."""

import threading
from time import monotonic

from shared.runtime.crew import TROUBLED, Crew
from shared.runtime.database import Pulse


class Counting:
    def __init__(self, *results: bool | Exception) -> None:
        self.results = list(results)
        self.begun = 0
        self.done = threading.Event()

    def begin(self) -> None:
        self.begun += 1

    def work(self) -> bool:
        if not self.results:
            self.done.set()
            return False
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_a_job_goes_on_after_work_idleness_and_trouble() -> None:
    job = Counting(True, False, ValueError("one bad bit"), True)
    crew = Crew({"job": job}, threading.Event(), Pulse(), troubled=0.01)
    crew.start()
    try:
        assert job.done.wait(5)
        assert crew.problems() == {"job": "ok"}
    finally:
        crew.stop()
    assert job.begun == 1
    assert crew.problems() == {"job": "not running"}


def test_a_stop_does_not_wait_for_a_pause_to_end() -> None:
    crew = Crew({"job": Counting(ValueError("trouble"))}, threading.Event(), Pulse())
    crew.start()
    begun = monotonic()
    crew.stop()
    assert monotonic() - begun < TROUBLED


class Looking:
    """Notes when it looked; finds nothing."""

    def __init__(self) -> None:
        self.looks = threading.Semaphore(0)

    def begin(self) -> None:
        pass

    def work(self) -> bool:
        self.looks.release()
        return False


def test_a_commit_wakes_an_idle_job() -> None:
    job, pulse = Looking(), Pulse()
    crew = Crew({"job": job}, threading.Event(), pulse, idle=3600)
    crew.start()
    try:
        assert job.looks.acquire(timeout=30)
        pulse.beat()
        assert job.looks.acquire(timeout=30)
    finally:
        crew.stop()


def test_what_is_due_by_the_clock_is_looked_at_without_a_commit() -> None:
    job = Looking()
    crew = Crew({"job": job}, threading.Event(), Pulse(), idle=0.01)
    crew.start()
    try:
        assert all(job.looks.acquire(timeout=30) for _ in range(2))
    finally:
        crew.stop()
