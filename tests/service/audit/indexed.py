"""An index that is made step by step, and what a log says of it."""

from datetime import timedelta

import sqlalchemy as sa

from services.audit import tables
from services.audit.indexing import STEP, Indexer
from services.audit.store import entries, tree
from services.audit.store.entries import Filter
from shared.protocol import leaves
from shared.protocol.indexes import INDEX_ROOT, read_index_root
from shared.protocol.leaves import Leaf
from tests.plain_index import Index
from tests.service.audit.logbook import CONFIDENTIAL, Logbook, event, request_id

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


def nodes(logbook: Logbook) -> tuple[int, int]:
    """How many nodes are kept, and how many the trie has."""
    with logbook.database.read() as db:
        kept = db.execute(sa.select(sa.func.count()).select_from(tables.index_node)).scalar_one()
        keys = db.execute(sa.select(sa.func.count()).select_from(tables.index_list)).scalar_one()
    return kept, max(2 * keys - 1, 0)
