"""One changed byte anywhere in the stored log is found, and the entry is named."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit.alarms import CorruptLog
from services.audit.tables import case_key, checkpoint, log_entry, log_head, opening, tree_node
from shared.protocol.checkpoints import Checkpoint, sign_checkpoint
from shared.runtime.database import open_database
from tests.service.audit.logbook import (
    KEY,
    ORIGIN,
    START,
    Logbook,
    MortalDatabase,
    event,
)

TRIGGERS = ("log_entry", "tree_node", "checkpoint", "log_head")
SIZE = 12


@pytest.fixture(scope="module")
def filled(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a log without its guard rail, as its owner can have it."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(migrated_file, folder / "audit.sqlite")
    opened = open_database(f"sqlite:///{folder}/audit.sqlite")
    logbook = Logbook(MortalDatabase(opened.engine, opened.sessions), folder)
    logbook.open()
    for number in range(1, SIZE, 2):
        told = {"peer": "QN", "personal": {"officer": f"Officer {number}"}}
        logbook.record(event(number, **told), event(number + 1))
    with logbook.database.begin() as db:
        for table in TRIGGERS:
            db.execute(sa.text(f"DROP TRIGGER {table}_update"))
            db.execute(sa.text(f"DROP TRIGGER {table}_delete"))
        db.execute(sa.text("DROP TRIGGER log_entry_insert"))
    opened.close()
    return folder


@pytest.fixture
def tampered(filled: Path, tmp_path: Path) -> Iterator[Logbook]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    opened = open_database(f"sqlite:///{tmp_path}/audit.sqlite")
    logbook = Logbook(MortalDatabase(opened.engine, opened.sessions), tmp_path)
    yield logbook
    opened.close()


def _change(logbook: Logbook, *statements: sa.Executable) -> None:
    with logbook.database.begin() as db:
        for statement in statements:
            db.execute(statement)


def _body(logbook: Logbook, index: int) -> bytes:
    with logbook.database.read() as db:
        query = sa.select(log_entry.c.body).where(log_entry.c.idx == index)
        return bytes(db.execute(query).scalar_one())


def test_a_whole_log_recomputes(tampered: Logbook) -> None:
    assert tampered.inspect() == SIZE + 1
    for last in (0, 1, 5, SIZE, 1000):
        assert tampered.inspect(last) == SIZE + 1


def _entry(index: int) -> sa.Update:
    return log_entry.update().where(log_entry.c.idx == index)


def _node(position: int) -> sa.ColumnElement[bool]:
    return tree_node.c.position == position


FORGED = sign_checkpoint(Checkpoint(origin=ORIGIN, size=7, root=bytes(32)), KEY, START)
FLAWS: dict[str, tuple[int, Sequence[sa.Executable]]] = {
    "an entry removed": (5, [log_entry.delete().where(log_entry.c.idx == 5)]),
    "an entry that is no leaf": (5, [_entry(5).values(body=b"x")]),
    "a column": (5, [_entry(5).values(peer="QX")]),
    "a leaf of a node": (5, [tree_node.update().where(_node(10)).values(hash=bytes(32))]),
    "an inner node": (7, [tree_node.update().where(_node(7)).values(hash=bytes(32))]),
    "a node removed": (3, [tree_node.delete().where(_node(3))]),
    "a checkpoint's note": (
        6,
        [checkpoint.update().where(checkpoint.c.size == 7).values(note="x")],
    ),
    "a checkpoint of another root": (
        6,
        [checkpoint.update().where(checkpoint.c.size == 7).values(note=FORGED)],
    ),
    "the head's root": (SIZE, [log_head.update().values(root=bytes(32))]),
    "the head ahead": (SIZE + 1, [log_head.update().values(size=SIZE + 2)]),
    "the head behind": (SIZE, [log_head.update().values(size=SIZE)]),
    "a node too many": (SIZE + 1, [tree_node.insert().values(position=99, hash=bytes(32))]),
    "an opening": (5, [opening.update().where(opening.c.idx == 5).values(salt=bytes(32))]),
    "an opening moved": (6, [opening.update().where(opening.c.idx == 5).values(idx=6)]),
    "a key of openings": (1, [case_key.update().values(wrapped=bytes(60))]),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_found_and_named(tampered: Logbook, flaw: str) -> None:
    index, statements = FLAWS[flaw]
    _change(tampered, *statements)
    with pytest.raises(CorruptLog) as found:
        tampered.inspect()
    assert found.value.index == index


def test_an_entry_rewritten_with_all_its_columns(tampered: Logbook) -> None:
    body = _body(tampered, 6).replace(b'"count":null', b'"count":1')
    _change(tampered, _entry(6).values(body=body))
    with pytest.raises(CorruptLog, match="another hash") as found:
        tampered.inspect()
    assert found.value.index == 6


def test_an_entry_of_another_log(tampered: Logbook) -> None:
    body = _body(tampered, 6).replace(b"qm.rogatory", b"qn.rogatory")
    _change(tampered, _entry(6).values(body=body))
    with pytest.raises(CorruptLog, match="columns"):
        tampered.inspect()


def test_an_entry_dated_back(tampered: Logbook) -> None:
    now = tampered.leaf(6).seq_time
    earlier = now - timedelta(days=1)
    body = _body(tampered, 6).replace(b'"seq_time":"2026-10-01', b'"seq_time":"2026-09-30')
    _change(tampered, _entry(6).values(body=body, seq_time=earlier))
    with pytest.raises(CorruptLog, match="dated before"):
        tampered.inspect()


def test_an_edge_of_the_tree_that_is_missing(tampered: Logbook) -> None:
    _change(tampered, tree_node.delete().where(_node(7)))
    with pytest.raises(CorruptLog, match="node of the tree"):
        tampered.inspect(5)


def test_what_was_erased_is_no_flaw(tampered: Logbook) -> None:
    _change(
        tampered,
        case_key.delete().where(case_key.c.owner == tampered.leaf(1).event_id),
        opening.delete().where(opening.c.idx == 3),
    )
    assert tampered.inspect() == SIZE + 1
