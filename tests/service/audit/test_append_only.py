"""What the database itself refuses, whoever asks."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.audit import tables
from shared.runtime.database import migrate
from tests.service.audit.conftest import MIGRATIONS
from tests.service.audit.logbook import START, Logbook, MortalDatabase, event, transfer

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
pytestmark = BOTH

FIXED = ["log_entry", "tree_node", "checkpoint", "counterpart", "log_head", "inbox"]
LATER = START + timedelta(days=1)


def _refused(logbook: Logbook, statement: sa.Executable, word: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match=word), logbook.database.begin() as db:
        db.execute(statement)


def _with_counterpart(logbook: Logbook) -> None:
    (theirs,) = logbook.record(event(1))
    values = {"idx": 1, "leaf": theirs.leaf, "proof": theirs.proof}
    with logbook.database.begin() as db:
        db.execute(tables.counterpart.insert().values(values))


def test_no_row_is_removed(logbook: Logbook) -> None:
    _with_counterpart(logbook)
    for name in FIXED:
        _refused(logbook, tables.metadata.tables[name].delete(), "append only")
        if logbook.database.engine.dialect.name == "postgresql":
            _refused(logbook, sa.text(f"TRUNCATE {name}"), "append only")


def test_no_row_is_changed(logbook: Logbook) -> None:
    _with_counterpart(logbook)
    for statement in (
        tables.log_entry.update().values(body=b"x"),
        tables.tree_node.update().values(hash=bytes(32)),
        tables.checkpoint.update().values(note="x"),
        tables.counterpart.update().values(leaf=b"x"),
    ):
        _refused(logbook, statement, "append only")


@pytest.mark.parametrize("column", ["size", "epoch", "last_time"])
def test_the_head_does_not_go_back(logbook: Logbook, column: str) -> None:
    value = START - timedelta(days=1) if column == "last_time" else -1
    _refused(logbook, tables.log_head.update().values({column: value}), "forward only")


def test_a_sequenced_event_keeps_its_place(logbook: Logbook) -> None:
    logbook.record(event(1))
    _refused(logbook, tables.inbox.update().values(idx=7), "forward only")
    logbook.take(event(2))
    waiting = tables.inbox.update().where(tables.inbox.c.idx.is_(None))
    _refused(logbook, waiting.values(tag=b"x"), "forward only")


@pytest.mark.parametrize(
    ("index", "time"),
    [(0, LATER), (3, LATER), (1, START - timedelta(days=1))],
    ids=["taken", "gap", "back-dated"],
)
def test_no_entry_comes_out_of_order(logbook: Logbook, index: int, time: object) -> None:
    values = {"idx": index, "body": b"x", "event_id": "x", "seq_time": time}
    _refused(logbook, tables.log_entry.insert().values(values), "out of order")


def test_openings_can_be_erased(logbook: Logbook) -> None:
    logbook.record(event(1, **transfer(personal={"officer": "Q. Example"})))
    with logbook.database.begin() as db:
        db.execute(tables.opening.delete())
        db.execute(tables.case_key.delete())
    assert logbook.leaf(1).commit


def test_the_migrations_make_the_tables(database: MortalDatabase) -> None:
    migrate(database, MIGRATIONS)  # twice is once
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
