"""The failure matrix of the log, by number: a process that dies at any step, and what the next one finds.

Each step dies twice: before it, and after it ("failed but persisted": it happened, and nobody was told).
Faults at every system call are F9 (tests/system/test_faults.py), a restored copy F14 (test_signer.py),
leaders that were stopped F17 (test_leadership.py), rights on the database and what its owner can do F31
(test_roles.py, test_owner.py).
"""

from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from services.audit import tables
from services.audit.alarms import ClockBehind, SignerRefusal
from shared.runtime.database import open_database
from tests.service.audit import dying
from tests.service.audit.caller import Node, inspected, told
from tests.service.audit.cutting import line
from tests.service.audit.dying import Moment
from tests.service.audit.logbook import Dead, Logbook, MortalDatabase, event
from tests.service.audit.test_worker import eventually


@dataclass(frozen=True, kw_only=True)
class Durable:
    """What there is of two events after a death: taken, integrated, signed and published entries."""

    taken: int = 2
    size: int = 3
    signed: int = 3
    published: int = 3


NOTHING = Durable(taken=0, size=1, signed=1, published=1)
TAKEN = Durable(size=1, signed=1, published=1)
INTEGRATED = Durable(signed=1, published=1)
SIGNED = Durable(published=1)

# step: what is durable when the process died before it, and after it.
STEPS = {
    "F1 inbox insert": ("INSERT INTO inbox", NOTHING, NOTHING),
    "F1 COMMIT of the inbox": ("inbox", NOTHING, TAKEN),
    "F2 entry insert": ("INSERT INTO log_entry", TAKEN, TAKEN),
    "F3 node insert": ("INSERT INTO tree_node", TAKEN, TAKEN),
    "F4 head update": ("UPDATE log_head", TAKEN, TAKEN),
    "F5 COMMIT of the batch": ("batch", TAKEN, INTEGRATED),
    "F6 signer": (dying.SIGNATURE, INTEGRATED, INTEGRATED),
    "F7 checkpoint insert": ("INSERT INTO checkpoint", INTEGRATED, INTEGRATED),
    "F7 COMMIT of the checkpoint": ("checkpoint", INTEGRATED, SIGNED),
    "F8 insert of the publication": ("INSERT INTO published", SIGNED, SIGNED),
    "F8 COMMIT of the publication": ("publication", SIGNED, Durable()),
}
ON_BOTH = ("F5 COMMIT of the batch", "F6 signer")  # elsewhere the databases hardly differ
MOMENTS = [
    pytest.param(
        database,
        Moment(step=step, after=after),
        (before, later)[after],
        id=f"{database} {word} {name}",
        marks=[] if database == "sqlite" or name in ON_BOTH else [pytest.mark.soak],
    )
    for database in ("sqlite", "postgresql")
    for name, (step, before, later) in STEPS.items()
    for word, after in (("before", False), ("after", True))
]


def found(logbook: Logbook) -> Durable:
    with logbook.database.read() as db:
        return Durable(
            taken=db.scalar(sa.select(sa.func.count()).select_from(tables.inbox)) or 0,
            size=db.scalar(sa.select(tables.log_head.c.size)) or 0,
            signed=db.scalar(sa.select(sa.func.max(tables.checkpoint.c.size))) or 0,
            published=db.scalar(sa.select(sa.func.max(tables.published.c.size))) or 0,
        )


@pytest.mark.parametrize(("database", "moment", "durable"), MOMENTS, indirect=["database"])
def test_a_process_that_dies(logbook: Logbook, moment: Moment, durable: Durable) -> None:
    url = logbook.database.engine.url.render_as_string(hide_password=False)
    dying.die(url, logbook.folder, moment)
    assert found(logbook) == durable
    logbook.clock.now += timedelta(days=1)
    logbook.restart()
    assert logbook.inspect() == durable.size
    recorded = logbook.record(event(1), event(2))
    assert [each.index for each in recorded] == [1, 2]
    assert found(logbook) == Durable()
    assert logbook.inspect() == 3


# The transactions of a recording; a fault at the commit of one is raised to who opened it.
COMMITS = {"take": 0, "sequence": 1, "sign": 2, "publish": 3}
LATER = [pytest.param(each, marks=pytest.mark.soak) for each in ("sign", "publish")]
DONE = {"take": "taken", "sequence": "size", "sign": "signed", "publish": "published"}


@pytest.mark.parametrize("then", ["goes on", "starts anew"])
@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
@pytest.mark.parametrize("step", COMMITS)
def test_a_commit_that_was_said_to_fail(logbook: Logbook, step: str, fault: str, then: str) -> None:
    logbook.record(event(7))
    logbook.plan(*[None] * COMMITS[step], fault)
    with pytest.raises(Dead):
        logbook.record(event(1), event(2))
    if then == "starts anew":
        logbook.restart()
    recorded = logbook.record(event(1), event(2))
    assert [each.index for each in recorded] == [2, 3]
    assert logbook.inspect() == 4


def test_f6_a_signer_that_was_said_to_fail(logbook: Logbook) -> None:
    logbook.take(event(1))
    logbook.sequence()
    state = logbook.folder / "signer/last.checkpoint"
    before, remembered = state.read_bytes(), logbook.signer.last
    logbook.publish()
    note = state.read_text()
    # It was replaced, but the process believes that it was not: the same head, signed once more.
    logbook.signer.last = remembered
    logbook.publish()
    assert state.read_text().splitlines()[:3] == note.splitlines()[:3]
    # It was not replaced, but the process believes that it was.
    state.write_bytes(before)
    logbook.restart()
    assert logbook.record(event(1), event(2))[1].index == 2
    assert logbook.inspect() == 3


@pytest.mark.parametrize("second", ["not persisted", "persisted"])
@pytest.mark.parametrize("first", ["not persisted", "persisted"])
@pytest.mark.parametrize("step", COMMITS)
def test_f11_a_fault_and_another_in_the_recovery(
    logbook: Logbook, step: str, first: str, second: str
) -> None:
    logbook.plan(*[None] * COMMITS[step], first)
    with pytest.raises(Dead):
        logbook.record(event(1))
    logbook.plan(second)
    with pytest.raises(Dead):
        logbook.restart()
    logbook.plan(second)
    with pytest.raises(Dead):
        logbook.record(event(1))
    logbook.restart()
    assert [each.index for each in logbook.record(event(1))] == [1]
    assert logbook.inspect() == 2


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_f16_a_standby_that_lagged_was_promoted(logbook: Logbook) -> None:
    logbook.record(event(1))
    url = logbook.database.engine.url
    assert url.database
    logbook.database.close()
    server = open_database(url.set(database="postgres").render_as_string(hide_password=False))
    copy = f"{url.database}_copy"
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"CREATE DATABASE {copy} TEMPLATE {url.database}"))
        logbook.record(event(2), event(3))  # told, and never copied
        promoted = open_database(url.set(database=copy).render_as_string(hide_password=False))
        logbook.database = MortalDatabase(promoted.engine, promoted.sessions)
        with pytest.raises(SignerRefusal, match="rolled back"):
            logbook.restart()
        logbook.take(event(4), event(5), event(6))
        logbook.sequence()
        with pytest.raises(SignerRefusal, match="does not extend"):
            logbook.publish()
        promoted.close()
        connection.execute(sa.text(f"DROP DATABASE {copy} WITH (FORCE)"))
    server.close()


def test_f18_a_clock_that_leapt_forward_and_was_set_right(logbook: Logbook) -> None:
    logbook.record(event(1))
    logbook.clock.back(hours=-1)
    logbook.record(event(2))
    logbook.clock.back(hours=1)
    logbook.take(event(3))
    with pytest.raises(ClockBehind) as alarm:
        logbook.sequence()
    assert alarm.value.behind > timedelta(minutes=59)
    logbook.clock.back(hours=-1)  # an hour later
    assert logbook.record(event(3))[0].index == 3
    times = [logbook.leaf(index).seq_time for index in range(4)]
    assert times == sorted(times)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
@pytest.mark.parametrize(
    "step",
    [
        "take",
        "sequence",
        *(pytest.param(each, marks=pytest.mark.soak) for each in ("sign", "publish")),
    ],
)
def test_f10_a_line_that_is_cut_at_a_commit(logbook: Logbook, step: str, fault: str) -> None:
    with line(logbook.database.engine.url) as (cut, url):
        opened = open_database(url)
        logbook.database = MortalDatabase(opened.engine, opened.sessions)
        logbook.record(event(7))
        cut.plan = [*[None] * COMMITS[step], fault]
        with pytest.raises(sa.exc.OperationalError):
            logbook.record(event(1), event(2))
        assert not cut.plan
        if fault == "persisted":
            eventually(lambda: getattr(found(logbook), DONE[step]) > 2)
        recorded = logbook.record(event(1), event(2))
        assert [each.index for each in recorded] == [2, 3]
        assert logbook.inspect() == 4
        opened.close()


def test_f12_a_full_disk_refuses_and_resumes(node: Node) -> None:
    node.post(told(1))
    limits = [1]  # pages; SQLite takes at least what there is
    assert isinstance(node.client.app, FastAPI)
    engine = node.client.app.state.parts.log.database.engine

    @sa.event.listens_for(engine, "begin")
    def _limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limits[0]}")

    many = [told(number, personal={"officer": "x" * 900}) for number in range(2, 90)]
    refused = node.post(*many)
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    limits[0] = 2**30
    answer = node.post(*many)
    assert answer.status_code == 200
    assert len({each["index"] for each in answer.json()["results"]}) == len(many)
    assert inspected(node)["state"] == "clean"


def test_f12_a_full_disk_in_the_middle_of_a_batch(logbook: Logbook) -> None:
    logbook.record(event(1))
    many = [event(number, personal={"officer": "x" * 900}) for number in range(2, 90)]
    logbook.take(*many)
    pages = "PRAGMA max_page_count={}"

    @sa.event.listens_for(logbook.database.engine, "begin")
    def _limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(pages.format(1))

    with pytest.raises(sa.exc.OperationalError, match="full"):
        logbook.sequence()
    assert logbook.inspect() == 2
    sa.event.remove(logbook.database.engine, "begin", _limit)
    with logbook.database.begin() as db:
        db.execute(sa.text(pages.format(2**30)))
    assert [each.index for each in logbook.record(*many)] == list(range(2, 90))
    assert logbook.inspect() == 90
