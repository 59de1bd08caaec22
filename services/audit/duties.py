"""What only the leader of the log does, as a job of the crew: others stand by."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.runtime.crew import Job


@dataclass(slots=True, kw_only=True)
class Duty:
    """A job that is done while `leading()` says so; each time the lead is taken it begins anew."""

    job: Job
    leading: Callable[[], bool]
    begun: bool = False

    def begin(self) -> None:
        """Nothing is taken over before there is a lead."""

    def work(self) -> bool:
        """Do one bit, if this process leads."""
        if not self.leading():
            self.begun = False
            return False
        if not self.begun:
            self.job.begin()
            self.begun = True
        return self.job.work()
