"""The index grows with the log, says its root in it, and is made anew where it is damaged."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import tables
from services.audit.indexing import KEPT
from services.audit.store import index
from tests.service.audit.indexed import EVERY, busy, indexer, nodes, roots, settle
from tests.service.audit.logbook import Dead, Logbook, event

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_the_root_of_the_index_stands_in_the_log(logbook: Logbook) -> None:
    job = indexer(logbook)
    settle(logbook, job)
    assert roots(logbook) == []  # nothing has a case or a peer
    busy(logbook, 1, 9)
    settle(logbook, job)
    assert roots(logbook) == [10]  # its own entry is no reason for another
    busy(logbook, 10, 5)
    settle(logbook, job)
    assert roots(logbook) == [10, 16]
    assert logbook.inspect() == 17


def test_an_entry_waits_for_the_index_as_long_as_it_may(logbook: Logbook) -> None:
    job = indexer(logbook, EVERY)
    busy(logbook, 1, 9)
    settle(logbook, job)
    assert roots(logbook) == []
    logbook.clock.back(minutes=-1)
    settle(logbook, job)
    assert roots(logbook) == [10]


def test_many_entries_are_not_waited_for(logbook: Logbook) -> None:
    job = indexer(logbook, EVERY, many=8)
    busy(logbook, 1, 6)
    settle(logbook, job)
    assert roots(logbook) == []
    busy(logbook, 7, 5)
    settle(logbook, job)
    assert roots(logbook) == [12]


def test_what_has_no_case_and_no_peer_is_covered_only_when_it_is_much(logbook: Logbook) -> None:
    job = indexer(logbook, many=8)
    busy(logbook, 1, 1)
    settle(logbook, job)
    logbook.record(*[event(100 + n) for n in range(3)])
    settle(logbook, job)
    assert roots(logbook) == [2]
    logbook.record(*[event(200 + n) for n in range(5)])
    settle(logbook, job)
    assert roots(logbook) == [2, 11]


def test_a_root_waits_until_the_one_before_is_published(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 3)
    assert job.work()
    busy(logbook, 4, 3)  # sequences the root, too
    logbook.take(event(99, type="channel.opened", peer="QN"))
    logbook.sequence()
    assert roots(logbook) == [4]
    settle(logbook, job)
    assert roots(logbook) == [4, 9]


def test_a_long_log_is_indexed_step_by_step(logbook: Logbook) -> None:
    busy(logbook, 1, 30)
    assert indexer(logbook, step=20).work()
    with logbook.database.read() as db:
        assert index.head(db).size == 20
        assert index.last_root(db) is None
    settle(logbook, indexer(logbook, step=4))  # another process goes on
    assert roots(logbook) == [31]
    assert nodes(logbook)[0] == nodes(logbook)[1]  # what was between is not kept


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
@BOTH
def test_death_on_both_sides_of_the_commit(logbook: Logbook, fault: str) -> None:
    busy(logbook, 1, 9)
    logbook.plan(fault)
    with pytest.raises(Dead):
        indexer(logbook).work()
    logbook.restart()
    settle(logbook, indexer(logbook))
    assert roots(logbook) == [10]
    assert logbook.inspect() == 11


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_death_in_a_step_between(logbook: Logbook, fault: str) -> None:
    busy(logbook, 1, 30)
    logbook.plan(fault)
    with pytest.raises(Dead):
        indexer(logbook, step=20).work()
    settle(logbook, indexer(logbook, step=20))
    assert roots(logbook) == [31]


def test_two_at_work_say_one_root(logbook: Logbook) -> None:
    busy(logbook, 1, 9)
    first, second = indexer(logbook), indexer(logbook)
    step = first._next()
    assert step is not None
    assert second.work()
    assert not first._keep(step)
    settle(logbook, second)
    assert roots(logbook) == [10]


@BOTH
def test_superseded_nodes_go_when_nobody_asks_for_them(logbook: Logbook) -> None:
    job = indexer(logbook)
    for turn in range(5):
        busy(logbook, 1 + 10 * turn, 10)
        settle(logbook, job)
        logbook.clock.back(seconds=-90)
    kept, needed = nodes(logbook)
    assert kept > needed
    logbook.clock.back(seconds=-KEPT.total_seconds())
    settle(logbook, job)
    assert nodes(logbook) == (needed, needed)
    busy(logbook, 200, 10)
    settle(logbook, job)
    logbook.clock.back(seconds=-KEPT.total_seconds())
    settle(logbook, job)
    assert nodes(logbook) == (needed, needed)


DAMAGE = {
    "head": tables.index_head.update().values(root=b"x" * 32),
    "lists": tables.index_list.update().values(size=tables.index_list.c.size + 1),
    "nodes": tables.index_node.update().values(record=b"\x01" + b"x" * 64),
    "lost": tables.index_node.delete(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_is_made_anew_and_never_signed(logbook: Logbook, damage: str) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    with logbook.database.begin() as db:
        db.execute(DAMAGE[damage])
    busy(logbook, 40, 9)
    settle(logbook, job)
    assert roots(logbook) == [31, 41]
    assert nodes(logbook)[0] == nodes(logbook)[1]


def test_an_index_that_has_gone_on_is_not_damaged(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 9)
    with logbook.database.read() as db:
        before = index.head(db)
    settle(logbook, job)
    assert not job._forget(before, KeyError("a node"))
    assert nodes(logbook)[0] > 0


@BOTH
def test_a_logged_root_is_not_rewritten(logbook: Logbook) -> None:
    busy(logbook, 1, 3)
    settle(logbook, indexer(logbook))
    for statement in (tables.index_root.update().values(root=b"x"), tables.index_root.delete()):
        with pytest.raises(sa.exc.DBAPIError, match="append only"), logbook.database.begin() as db:
            db.execute(statement)


def test_nothing_is_done_before_the_log_is_open(database: object, tmp_path: Path) -> None:
    closed = Logbook(database, tmp_path)  # type: ignore[arg-type]
    assert not indexer(closed).work()


def test_not_every_commit_of_the_log_is_looked_at(logbook: Logbook) -> None:
    job = indexer(logbook)
    job.glance = timedelta(seconds=1)
    assert not job.work()
    busy(logbook, 1, 3)
    assert not job.work()
    logbook.clock.back(seconds=-1)
    assert job.work()
    settle(logbook, job)
    assert roots(logbook) == [4]
