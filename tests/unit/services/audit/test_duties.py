"""A duty is done by the leader, and begun anew each time the lead is taken."""

from dataclasses import dataclass, field

from services.audit.duties import Duty


@dataclass
class Noted:
    """A job that notes what it was told."""

    told: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.told.append("begin")

    def work(self) -> bool:
        self.told.append("work")
        return True


def test_nothing_is_done_without_the_lead() -> None:
    job = Noted()
    duty = Duty(job=job, leading=lambda: False)
    duty.begin()
    assert (duty.work(), job.told) == (False, [])


def test_each_lead_begins_anew() -> None:
    job, leads = Noted(), iter([True, True, False, True])
    duty = Duty(job=job, leading=lambda: next(leads))
    duty.begin()
    assert [duty.work() for _ in range(4)] == [True, True, False, True]
    assert job.told == ["begin", "work", "work", "begin", "work"]
