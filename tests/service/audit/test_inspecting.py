"""The log is inspected in the background, and what was found is kept."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.audit import inspecting
from services.audit.inspecting import SILENCE, Found, Inspector
from services.audit.inspection import Progress
from tests.service.audit.caller import OPS, Node, inspected, told
from tests.service.audit.logbook import CONFIDENTIAL, KEY, ORIGIN, Logbook, event

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def inspector(logbook: Logbook) -> Inspector:
    return Inspector(
        database=logbook.database,
        confidential=CONFIDENTIAL,
        origin=ORIGIN,
        vkeys=KEY.vkeys(),
        clock=logbook.clock,
        rest=0,
    )


def newest(logbook: Logbook) -> Found:
    found = inspecting.newest(logbook.database, logbook.clock)
    assert found is not None
    return found


def damage(logbook: Logbook) -> None:
    """What the owner of the tables can do."""
    with logbook.database.begin() as db:
        db.execute(sa.text("DROP TRIGGER log_entry_update"))
        db.execute(sa.text("UPDATE log_entry SET peer = 'QX' WHERE idx = 2"))


@BOTH
def test_an_inspection_goes_on_page_by_page(logbook: Logbook) -> None:
    logbook.record(*(event(number) for number in range(1, 9)))
    job = inspector(logbook)
    assert not job.work()
    assert inspecting.newest(logbook.database, logbook.clock) is None
    begun = job.ask()
    assert (begun.state, begun.checked) == ("running", 0)
    assert job.ask().run_id == begun.run_id
    while job.work():
        pass
    found = newest(logbook)
    assert (found.run_id, found.state) == (begun.run_id, "clean")
    assert (found.checked, found.size, found.bad, found.detail) == (9, 9, None, None)
    assert job.ask().run_id != begun.run_id
    assert inspecting.state(logbook.database, logbook.clock) == "ok"


def test_how_far_it_is_is_noted_now_and_then(logbook: Logbook) -> None:
    logbook.record(event(1))
    job = inspector(logbook)
    job.ask()
    assert job.work()
    assert newest(logbook).size == 0  # a moment ago
    logbook.clock.back(seconds=-3)
    assert job.work()
    assert (newest(logbook).checked, newest(logbook).state) == (2, "running")


def test_damage_is_kept_and_readiness_tells_of_it(logbook: Logbook) -> None:
    logbook.record(event(1), event(2, peer="QN"), event(3))
    damage(logbook)
    job = inspector(logbook)
    job.ask()
    while job.work():
        pass
    found = newest(logbook)
    assert (found.state, found.bad) == ("damaged", 2)
    assert "columns" in inspecting.state(logbook.database, logbook.clock)


def test_one_whose_process_ended_is_interrupted(logbook: Logbook) -> None:
    first = inspector(logbook)
    begun = first.ask()
    logbook.clock.now += SILENCE
    assert newest(logbook).state == "interrupted"
    assert newest(logbook).age >= SILENCE // timedelta(seconds=1)
    second = inspector(logbook)
    assert second.ask().run_id != begun.run_id
    while second.work():
        pass
    assert newest(logbook).state == "clean"


def test_one_that_fails_is_never_taken_for_clean(logbook: Logbook) -> None:
    logbook.record(event(1))
    job = inspector(logbook)
    job.ask()

    def failing() -> Iterator[Progress]:
        yield Progress(0, 2)
        raise ConnectionError

    job._steps = failing()
    assert job.work()
    with pytest.raises(ConnectionError):
        job.work()
    assert not job.work()
    logbook.clock.now += SILENCE
    assert newest(logbook).state == "interrupted"


def test_the_operators_have_it_inspected(node: Node) -> None:
    assert node.get("/ops/inspections/newest", OPS).json()["code"] == "no_inspection"
    node.post(told(1))
    found = inspected(node)
    assert (found["state"], found["size"]) == ("clean", 2)
    stages = node.get("/ops/stages", OPS).json()
    assert stages["inspection"]["run_id"] == found["run_id"]
    assert node.client.get("/readyz").json()["parts"]["inspection"] == "ok"
