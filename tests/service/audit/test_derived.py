"""Whatever derives from the entries is made anew: counts, index, what witnesses signed, what is beside."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import publication, submission, tables
from services.audit.alarms import CorruptLog
from services.audit.catalogue import INDEX_ROOT
from services.audit.events import Event
from services.audit.indexing import Indexer
from services.audit.inspection import Inspection
from services.audit.store import publication as shown
from services.audit.store import tree
from shared.protocol.canonical import b64u
from shared.protocol.cosignatures import cosign, read_cosignatures
from shared.protocol.policies import parse_policy
from shared.runtime.database import open_database
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    ORIGIN,
    START,
    WITNESS,
    Logbook,
    MortalDatabase,
    event,
    request_id,
    transfer,
)

ED25519, MLDSA44 = WITNESS.vkeys()
POLICY = parse_policy(
    f"witness w1 {ED25519}\nwitness w2 {MLDSA44}\ngroup w all w1 w2\nquorum w\n".encode()
)
RECEIVED = 3  # the entry with the peer's leaf beside it
T = tables


def witnessed(logbook: Logbook) -> None:
    """Sign, have it cosigned, and show it."""
    size = logbook.sign()
    with logbook.database.read() as db:
        signed = tree.checkpoint_at(db, size)
    assert signed is not None
    lines = cosign(signed.note, WITNESS, logbook.clock())
    found = read_cosignatures(signed.note + lines, WITNESS.vkeys())
    publication.keep(database=logbook.database, size=size, cosignatures=found)
    assert (
        publication.publish(database=logbook.database, policy=POLICY, clock=logbook.clock) == size
    )


def fill(logbook: Logbook) -> None:
    logbook.take_lead()
    witnessed(logbook)
    noted = shown.Noted(
        number=1,
        text=f"witness w1 {ED25519}\nwitness w2 {MLDSA44}\ngroup w all w1 w2\nquorum w\n",
        unwitnessed_limit=60,
        event_id=event(90).event_id,
    )
    with logbook.database.begin() as db:
        shown.note_policy(db, noted, logbook.clock())
    logbook.take(event(1, case_id=request_id(1)), event(2, peer="QN"))
    logbook.sequence()
    witnessed(logbook)
    (theirs,) = logbook.ask(event(1, case_id=request_id(1)))
    told = transfer(type="transfer.received", direction="in", channel="QN>QM")
    told["counterpart"] = {"leaf": b64u(theirs.leaf), "proof": theirs.proof}
    logbook.take(event(3, **told, case_id=request_id(1)))
    logbook.sequence()
    witnessed(logbook)
    indexer = Indexer(
        database=logbook.database,
        confidential=CONFIDENTIAL,
        clock=logbook.clock,
        every=timedelta(0),
        glance=timedelta(0),
    )
    indexer.begin()
    for number in range(4, 10):
        while indexer.work():
            pass
        logbook.take(event(number, case_id=request_id(number % 2), peer="QX"))
        logbook.sequence()
        witnessed(logbook)


@pytest.fixture(scope="module")
def filled(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of such a log, without its guard rail."""
    folder = tmp_path_factory.mktemp("derived")
    shutil.copy(migrated_file, folder / "audit.sqlite")
    opened = open_database(f"sqlite:///{folder}/audit.sqlite")
    logbook = Logbook(MortalDatabase(opened.engine, opened.sessions), folder)
    fill(logbook)
    with logbook.database.begin() as db:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for name in db.execute(sa.text(query)).scalars().all():
            db.execute(sa.text(f"DROP TRIGGER {name}"))
    opened.close()
    return folder


@pytest.fixture
def tampered(filled: Path, tmp_path: Path) -> Iterator[Logbook]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    opened = open_database(f"sqlite:///{tmp_path}/audit.sqlite")
    yield Logbook(MortalDatabase(opened.engine, opened.sessions), tmp_path)
    opened.close()


def size_of(logbook: Logbook) -> int:
    with logbook.database.read() as db:
        head = tree.head(db)
    assert head is not None
    return head.size


@pytest.mark.parametrize("page", [1, 2, 3, 8, 4096])
def test_a_whole_log_recomputes_in_any_pages(tampered: Logbook, page: int) -> None:
    size = size_of(tampered)
    assert 16 <= size < 32
    whole = Inspection(
        database=tampered.database,
        confidential=CONFIDENTIAL,
        origin=ORIGIN,
        vkeys=KEY.vkeys(),
        page=page,
    )
    for last in (None, 3, 8, 100):
        steps = list(replace(whole, last=last).steps())
        assert steps[-1] == (size, size)
        assert steps[0].checked == (max(size - last, 0) if last else 0)


def _set(table: sa.Table, where: sa.ColumnElement[bool], **values: object) -> sa.Executable:
    return table.update().where(where).values(**values)


_LINE = T.cosignature.c.signer.like("%")
_THERE = T.counterpart.c.idx == RECEIVED
# What was done, what is said of it, and at which entry (None: the last of what it is about).
FLAWS: dict[str, tuple[str, int | None, Sequence[sa.Executable]]] = {
    "a letter at another place": (
        "another place",
        2,
        [_set(T.inbox, T.inbox.c.idx == 2, idx=200)],
    ),
    "a letter removed": ("another place", 2, [T.inbox.delete().where(T.inbox.c.idx == 2)]),
    "a letter too many": (
        "not theirs",
        None,
        [T.inbox.insert().values(event_id="x", tag=b"x", received_at=START, idx=1)],
    ),
    "a node too many within": (
        "no entry gives",
        None,
        [T.tree_node.insert().values(position=31, hash=bytes(32))],  # over 32 entries
    ),
    "a peer's leaf removed": ("peer's leaf", RECEIVED, [T.counterpart.delete().where(_THERE)]),
    "a peer's leaf changed": ("peer's leaf", RECEIVED, [_set(T.counterpart, _THERE, leaf=b"x")]),
    "a peer's leaf never told of": (
        "peer's leaf",
        2,
        [T.counterpart.insert().values(idx=2, leaf=b"x", proof="x")],
    ),
    "a checkpoint shown that was not signed": (
        "not signed",
        2,
        [T.checkpoint.delete().where(T.checkpoint.c.size == 3)],
    ),
    "a note shown with another line": (
        "checkpoint is bad",
        2,
        [_set(T.published, T.published.c.size == 3, note=T.published.c.note + "x")],
    ),
    "a witness's line changed": (
        "not the one that was signed",
        2,
        [_set(T.cosignature, (T.cosignature.c.size == 3) & _LINE, line="x")],
    ),
    "a root of the index noted otherwise": (
        "not logged",
        None,
        [T.index_root.update().values(root=bytes(32))],
    ),
    "the index's root": ("another root", None, [T.index_head.update().values(root=bytes(32))]),
    "a list of the index": (
        "not the one that its root stands for",
        None,
        [T.index_list.update().values(peaks=bytes(32), size=1)],
    ),
    "a list of the index removed": (
        "other entries",
        None,
        [sa.text("DELETE FROM index_list WHERE key = (SELECT MIN(key) FROM index_list)")],
    ),
    "a node of the index": (
        "a node of the index",
        None,
        [sa.text("INSERT INTO index_node (hash, record, born) VALUES (x'00', x'00', 1)")],
    ),
    "a node of the index gone": (
        "too many, or too few",
        None,
        [sa.text("UPDATE index_node SET gone = NULL WHERE gone IS NOT NULL")],
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_found_and_named(tampered: Logbook, flaw: str) -> None:
    words, index, statements = FLAWS[flaw]
    with tampered.database.begin() as db:
        for statement in statements:
            db.execute(statement)
    with pytest.raises(CorruptLog, match=words) as found:
        tampered.inspect()
    assert index in (None, found.value.index)


def test_an_index_that_is_ahead_or_being_made_anew_is_left_alone(tampered: Logbook) -> None:
    for size in (0, 1000):
        with tampered.database.begin() as db:
            db.execute(T.index_head.update().values(size=size, root=bytes(32)))
        assert tampered.inspect() == size_of(tampered)


@pytest.mark.parametrize("count", [2, 1000])
def test_a_wrong_root_of_the_index_is_found_although_it_is_logged(
    logbook: Logbook, count: int
) -> None:
    """The log itself may say a wrong root: whoever reads it finds it, and so do we."""
    logbook.record(event(1, peer="QN"), event(2, peer="QX"))
    said = Event(
        event_id=event(3).event_id,
        type=INDEX_ROOT,
        event_time="2026-10-01T08:00:00.000Z",
        count=count,
        commit={"index_root": "ab" * 32},
    )
    submission.take(
        [said], database=logbook.database, confidential=CONFIDENTIAL, clock=logbook.clock
    )
    logbook.sequence()
    logbook.publish()
    with pytest.raises(CorruptLog, match="index") as found:
        logbook.inspect()
    assert found.value.index == 3
    assert logbook.inspect(2) == 4  # a start looks at the end alone


@pytest.mark.parametrize("column", ["case_seq", "peer_seq"])
def test_an_entry_out_of_count_is_found(logbook: Logbook, column: str) -> None:
    """The sequencer finds its places by the columns; what it then says is in the leaf for ever."""
    told = {"case_id": request_id(1), "peer": "QN"}
    logbook.record(event(1, **told))
    with logbook.database.begin() as db:
        db.execute(sa.text("DROP TRIGGER log_entry_update"))
        db.execute(tables.log_entry.update().where(tables.log_entry.c.idx == 1).values({column: 5}))
    logbook.record(event(2, **told))
    with logbook.database.begin() as db:
        db.execute(tables.log_entry.update().where(tables.log_entry.c.idx == 1).values({column: 0}))
    with pytest.raises(CorruptLog, match="does not follow") as found:
        logbook.inspect()
    assert found.value.index == 2


def test_an_opening_under_another_key_is_found(logbook: Logbook) -> None:
    personal = {"personal": {"officer": "Q. Example"}}
    logbook.record(event(1, **personal))
    with logbook.database.begin() as db:
        db.execute(tables.opening.update().values(owner="x"))
        db.execute(tables.case_key.update().values(owner="x"))
    with pytest.raises(CorruptLog, match="opening is bad"):
        logbook.inspect()


def test_a_log_that_was_never_opened(database: MortalDatabase, tmp_path: Path) -> None:
    assert Logbook(database, tmp_path).inspect() == 0
