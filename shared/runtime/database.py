"""One way to a database: SQLite in a file or PostgreSQL by URL, the same SQL, forward-only migrations.

SQLite: WAL and `synchronous=FULL`, so that what was committed survives a power cut; every transaction
begins IMMEDIATE, since a read that turns into a write would otherwise fail busy (the deferred upgrade
is not retried by `busy_timeout`). A SQLite older than 3.51.3 has the WAL-reset bug and gets a rollback
journal instead; `journal()` says which one is in use.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker
from typing_extensions import override

from shared.runtime import logs

WAL_SAFE = (3, 51, 3)  # sqlite.org, "WAL-reset bug": fixed in 3.51.3
BUSY_TIMEOUT = 10_000  # milliseconds
MIGRATION_LOCK = 0x526F6761  # pg_advisory_lock: one migration at a time on a server


class SchemaError(Exception):
    """The database has the schema of another release."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC datetimes; SQLite keeps them naive, so they are made aware again on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


class DamagedError(Exception):
    """What the database holds cannot be read as it was written."""


class Pulse:
    """Beats when something was committed, so that who waits for work need not ask all the time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """Return how often it has beaten."""
        with self._changed:
            return self._count

    def beat(self) -> None:
        """Wake everybody who waits."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout: float) -> None:
        """Wait until it has beaten after `count` was `seen`, or for `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._count != seen, timeout)


@dataclass(frozen=True, slots=True)
class Database:
    """An engine and its sessions. A use case opens one transaction: `with database.begin() as db`."""

    engine: sa.Engine
    sessions: sessionmaker[Session]
    # SQLite has one writer; who finds it busy sleeps up to 0.1 s. The threads of a process queue here.
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)
    pulse: Pulse = field(default_factory=Pulse)  # of the commits of this process

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a transaction; it commits when the block ends and rolls back when it raises."""
        with self.turn, self.sessions.begin() as session:
            yield session
        self.pulse.beat()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads: on SQLite it waits for no writer and blocks none.

        Raises:
            DamagedError: what is stored cannot be read.
        """
        with Session(self.engine.execution_options(reading=True)) as session:
            try:
                yield session
            except sa.exc.DBAPIError as error:
                if _is_damage(error.orig):
                    raise DamagedError(str(error.orig)) from error
                raise

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database by SQLAlchemy URL (`sqlite:///file`, `postgresql://user:secret@host/name`)."""
    if url.startswith("sqlite"):
        engine, turn = _sqlite(url), threading.RLock()
        return Database(engine, sessionmaker(engine, expire_on_commit=False), turn)
    engine = _postgresql(url)
    return Database(engine, sessionmaker(engine, expire_on_commit=False))


def journal() -> str:
    """Say which journal SQLite databases get here: `WAL` or `TRUNCATE`."""
    return "WAL" if _sqlite_module().sqlite_version_info >= WAL_SAFE else "TRUNCATE"


def migrate(database: Database, package: str) -> None:
    """Bring a database to the newest schema of `services.<name>.migrations`, one process at a time.

    A role that does not own the schema finds it as it must be, or learns that it is not.

    Raises:
        SchemaError: the schema is not of this release, and we may not change it.
    """
    config = Config()
    config.set_main_option("script_location", str(resources.files(package)))
    with database.engine.connect() as connection:
        if not _owned(connection):
            _check_schema(connection, config)
            return
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
            connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            if connection.dialect.name == "postgresql":
                connection.rollback()
                connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATION_LOCK)))
                connection.commit()


def _owned(connection: sa.Connection) -> bool:
    """Whether we may make tables; a SQLite file is ours."""
    if connection.dialect.name != "postgresql":
        return True
    may = sa.func.has_schema_privilege(sa.func.current_schema(), "CREATE")
    return bool(connection.scalar(sa.select(may)))


def _check_schema(connection: sa.Connection, config: Config) -> None:
    present = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory.from_config(config).get_current_head()
    if present != wanted:
        raise SchemaError(
            f"the schema is at {present or 'nothing'}, this release needs {wanted}: let its owner bring"
            ' it there (deploy/OPERATING.md, "Database roles"), then start again'
        )


def run_migrations(context: Any) -> None:  # noqa: ANN401 - Alembic hands out a module proxy
    """Do what every service's `env.py` does: migrate over the connection that `migrate` gave."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def _is_damage(error: object) -> bool:
    """Whether it says that pages or texts are broken: SQLite by its codes, PostgreSQL by its class XX."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    state = getattr(error, "sqlstate", None)
    return str(state).startswith("XX") or "decode to UTF-8" in str(error)


def _sqlite_module() -> ModuleType:
    try:
        import pysqlite3  # noqa: PLC0415 - has no wheel on some platforms
    except ImportError:
        return sqlite3
    module: ModuleType = pysqlite3
    return module


def _sqlite(url: str) -> sa.Engine:
    mode = journal()
    if mode != "WAL":
        logs.log().warning("sqlite_rollback_journal", reason="SQLite older than 3.51.3")
    engine = sa.create_engine(
        url,
        module=_sqlite_module(),
        pool_size=16,
        max_overflow=16,
        connect_args={"timeout": BUSY_TIMEOUT / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
        connection.isolation_level = None  # we begin transactions ourselves
        synchronous = "FULL" if mode == "WAL" else "EXTRA"
        for pragma in (
            f"journal_mode={mode}",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT}",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: str) -> sa.Engine:
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=16,
        max_overflow=16,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "options": "-c synchronous_commit=on -c lock_timeout=10000"
            # A process that was stopped in the middle of a transaction does not block the others for ever.
            " -c idle_in_transaction_session_timeout=60000",
        },
    )
