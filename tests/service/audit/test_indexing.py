"""The index grows with the log, says its root in it, and gives proofs under every root that counts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import tables
from services.audit.finding import Found, Wanted, find
from services.audit.indexing import KEPT, STEP, Indexer
from services.audit.store import entries, index, tree
from services.audit.store.entries import Filter
from shared.protocol import leaves
from shared.protocol.errors import FormatError
from shared.protocol.indexes import (
    INDEX_ROOT,
    case_key,
    peer_key,
    read_index_root,
    verify_absent,
    verify_present,
)
from shared.protocol.leaves import Leaf
from shared.protocol.logproofs import verify_log_proof
from shared.runtime.refusals import NotFound, Unavailable
from tests.plain_index import Index
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    Dead,
    Logbook,
    event,
    request_id,
)

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
AT_ONCE = timedelta(0)
EVERY = timedelta(minutes=1)


def indexer(
    logbook: Logbook, every: timedelta = AT_ONCE, many: int = 4096, step: int = STEP
) -> Indexer:
    made = Indexer(
        database=logbook.database,
        confidential=CONFIDENTIAL,
        clock=logbook.clock,
        every=every,
        many=many,
        step=step,
        glance=AT_ONCE,
    )
    made.begin()
    return made


def log_of(logbook: Logbook) -> list[Leaf]:
    with logbook.database.read() as db:
        head = tree.head(db)
        assert head is not None
        found = entries.page(db, Filter(indexes=range(head.size)), head.size)
    return [leaves.parse(each.body) for each in found]


def roots(logbook: Logbook) -> list[int]:
    """The sizes of the roots in the log, each of which is the one of its leaves."""
    log = log_of(logbook)
    said = [
        read_index_root(place, leaf) for place, leaf in enumerate(log) if leaf.type == INDEX_ROOT
    ]
    for each in said:
        assert Index.from_leaves(log[: each.size]).root() == each.root
    return [each.size for each in said]


def busy(logbook: Logbook, first: int, count: int) -> None:
    """Some entries, of three cases and two peers, and some of none."""
    told = [
        event(number, type="request.sent", case_id=request_id(number % 3), peer="QX")
        if number % 2
        else event(number, type="channel.opened", peer="QN")
        if number % 4
        else event(number, type="access.denied")
        for number in range(first, first + count)
    ]
    logbook.record(*told)


def settle(logbook: Logbook, job: Indexer) -> None:
    """Let the job do what there is, and the log take it."""
    more = True
    while more:
        logbook.sequence()
        logbook.publish()
        more = job.work()


def ask(logbook: Logbook, wanted: Wanted) -> Found:
    return find(wanted, database=logbook.database, confidential=CONFIDENTIAL)


def nodes(logbook: Logbook) -> tuple[int, int]:
    """How many nodes are kept, and how many the trie has."""
    with logbook.database.read() as db:
        kept = db.execute(sa.select(sa.func.count()).select_from(tables.index_node)).scalar_one()
        keys = db.execute(sa.select(sa.func.count()).select_from(tables.index_list)).scalar_one()
    return kept, max(2 * keys - 1, 0)


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


def check(found: Found, key: bytes) -> list[int]:
    """The indexes of a key that an answer of one page proves."""
    assert found.proof
    proven = verify_log_proof(found.proof.proof, found.proof.leaf, KEY.vkeys())
    assert (proven.index, proven.checkpoint.size) == (found.proof.index, found.page.size)
    said = read_index_root(proven.index, leaves.parse(found.proof.leaf))
    assert said.size == found.covered
    listed = [each.index for each in found.page.entries if each.index < said.size]
    if listed:
        verify_present(said.root, key, listed, found.proof.trie)
    else:
        verify_absent(said.root, key, found.proof.trie)
    tail = [each.index for each in found.page.entries if each.index >= said.size]
    assert tail == list(range(said.size, found.page.size))
    return listed


def test_a_case_is_found_whole_or_is_proven_absent(logbook: Logbook) -> None:
    busy(logbook, 1, 30)
    settle(logbook, indexer(logbook))
    case_ref = CONFIDENTIAL.case_ref(request_id(1))
    found = ask(logbook, Wanted(case=request_id(1)))
    assert check(found, case_key(case_ref)) == [1, 7, 13, 19, 25]
    assert ask(logbook, Wanted(case=case_ref)) == found
    assert check(ask(logbook, Wanted(peer="QN")), peer_key("QN")) == list(range(2, 31, 4))
    assert check(ask(logbook, Wanted(case="ab" * 32)), case_key("ab" * 32)) == []
    assert check(ask(logbook, Wanted(peer="ZZ")), peer_key("ZZ")) == []


def test_before_there_is_an_index_everything_is_shown(logbook: Logbook) -> None:
    busy(logbook, 1, 3)
    found = ask(logbook, Wanted(peer="QN"))
    assert (found.covered, found.proof) == (0, None)
    assert [each.index for each in found.page.entries] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "wanted",
    [Wanted(), Wanted(case=request_id(1), peer="QN"), Wanted(case="x"), Wanted(peer="Nowhere")],
)
def test_one_case_or_one_peer_is_asked_for(logbook: Logbook, wanted: Wanted) -> None:
    with pytest.raises(FormatError):
        ask(logbook, wanted)


def test_pages_belong_to_the_answer_that_began(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    first = ask(logbook, Wanted(peer="QX", limit=6))
    assert [each.index for each in first.page.entries] == [1, 3, 5, 7, 9, 11]
    busy(logbook, 40, 9)
    settle(logbook, job)
    pinned = Wanted(peer="QX", size=first.page.size, covered=first.covered)
    second = ask(logbook, replace(pinned, start=first.page.following or 0))
    assert [each.index for each in second.page.entries] == [*range(13, 31, 2), 31]
    assert (second.proof, second.page.following) == (None, None)
    whole = ask(logbook, pinned)
    assert check(whole, peer_key("QX")) == list(range(1, 30, 2))


def test_a_root_that_was_just_published_is_proven_while_the_next_is_made(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    given = ask(logbook, Wanted(peer="QX"))
    busy(logbook, 40, 9)
    assert job.work()  # the next root waits in the inbox
    again = ask(logbook, Wanted(peer="QX", size=given.page.size))
    assert again == given
    assert check(ask(logbook, Wanted(peer="QX")), peer_key("QX")) == list(range(1, 30, 2))
    settle(logbook, job)
    assert ask(logbook, Wanted(peer="QX", size=given.page.size)) == given


def test_an_old_root_is_not_for_ever(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    given = ask(logbook, Wanted(peer="QX"))
    for turn in range(2):
        logbook.clock.back(seconds=-KEPT.total_seconds())
        busy(logbook, 40 + 10 * turn, 9)
        settle(logbook, job)
    with pytest.raises(Unavailable) as refused:
        ask(logbook, Wanted(peer="QX", size=given.page.size))
    assert refused.value.code == "index_changing"


@pytest.mark.parametrize("covered", [7, 31, 2**53 - 1])
def test_an_index_that_never_was_is_not_found(logbook: Logbook, covered: int) -> None:
    busy(logbook, 1, 30)
    settle(logbook, indexer(logbook))
    size = 31 if covered == 31 else None  # the root over 31 entries stands behind them
    with pytest.raises(NotFound):
        ask(logbook, Wanted(peer="QX", size=size, covered=covered))


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
    check(ask(logbook, Wanted(peer="QX")), peer_key("QX"))


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
