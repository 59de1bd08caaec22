"""Databases: durable settings, immediate transactions, aware times."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from shared.runtime import database
from shared.runtime.database import UtcDateTime, open_database

TABLE = sa.Table(
    "moment",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime),
)


@pytest.fixture
def opened(tmp_path: Path) -> database.Database:
    return open_database(f"sqlite:///{tmp_path / 'db.sqlite'}")


def test_sqlite_is_durable_and_checks_references(opened: database.Database) -> None:
    with opened.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() in {2, 3}
        assert (
            connection.exec_driver_sql("PRAGMA journal_mode").scalar() == database.journal().lower()
        )
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_times_come_back_aware_and_in_utc(opened: database.Database) -> None:
    TABLE.metadata.create_all(opened.engine)
    moment = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=2)))
    with opened.begin() as db:
        db.execute(TABLE.insert(), [{"id": 1, "at": moment}, {"id": 2, "at": None}])
    with opened.begin() as db:
        assert db.execute(sa.select(TABLE.c.at).order_by(TABLE.c.id)).scalars().all() == [
            moment,
            None,
        ]
        assert db.execute(sa.select(TABLE.c.at)).scalars().first().tzinfo is UTC  # type: ignore[union-attr]
    with opened.begin() as db, pytest.raises(sa.exc.StatementError, match="naive"):
        db.execute(TABLE.insert(), {"id": 3, "at": datetime(2026, 1, 1)})  # noqa: DTZ001


def test_two_writers_wait_for_each_other(opened: database.Database) -> None:
    """A read that turns into a write must not fail busy: both begin IMMEDIATE."""
    TABLE.metadata.create_all(opened.engine)

    def add(first: int) -> None:
        for number in range(first, first + 20):
            with opened.begin() as db:
                db.execute(sa.select(sa.func.count()).select_from(TABLE)).scalar()
                db.execute(TABLE.insert(), {"id": number})

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened.begin() as db:
        assert db.execute(sa.select(sa.func.count()).select_from(TABLE)).scalar() == 60


def test_a_block_that_raises_leaves_nothing(opened: database.Database) -> None:
    TABLE.metadata.create_all(opened.engine)

    def fail() -> None:
        with opened.begin() as db:
            db.execute(TABLE.insert(), {"id": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with opened.begin() as db:
        assert db.execute(sa.select(TABLE)).all() == []
    opened.close()


def test_a_reader_waits_for_no_writer(opened: database.Database) -> None:
    with opened.begin() as writer:
        writer.execute(sa.text("CREATE TABLE t (a INTEGER)"))
    with opened.begin() as writer, opened.read() as reader:
        writer.execute(sa.text("INSERT INTO t VALUES (1)"))
        assert reader.execute(sa.text("SELECT COUNT(*) FROM t")).scalar_one() == 0
    opened.close()
