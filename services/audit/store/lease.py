"""The lead on PostgreSQL: an advisory lock of a session, on a connection that does nothing else.

It needs the server itself: behind a pooler that shares sessions, the lock would be nobody's. The server
ends a session that says nothing for a while: a holder that was stopped, or cut off, frees the lock.
"""

import contextlib
from typing import Any, LiteralString, cast

import psycopg

from shared.runtime.database import Database

KEY = 0x526F676C  # pg_advisory_lock, within the log's own database
SILENCE = 10_000  # milliseconds; a leader asks twice a second whether it still leads


class SessionLock:
    """Held as long as the session lives: its end, for whatever reason, frees the lock."""

    glance = 0.1  # seconds; replicas take events, and whoever sent them waits

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._connection: psycopg.Connection[Any] | None = None
        self._session = 0  # that has the lock

    def take(self) -> bool:
        """Take the lock if no session has it; who stands by asks again and again in one session."""
        connection = self._connection or self._connect()
        try:
            taken = _scalar(connection, f"SELECT pg_try_advisory_lock({KEY})")
            self._session = _session(connection) if taken else 0
        except psycopg.Error:
            self.release()
            raise
        return bool(taken)

    def held(self) -> bool:
        """Whether the session that took it answers."""
        if self._connection is None or not self._session:
            return False
        try:
            return _session(self._connection) == self._session
        except psycopg.Error:
            return False

    def release(self) -> None:
        """End the session."""
        connection, self._connection, self._session = self._connection, None, 0
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                # The end of a session takes the server a moment.
                connection.execute("SELECT pg_advisory_unlock_all()")
            connection.close()

    def _connect(self) -> psycopg.Connection[Any]:
        pooled = self._engine.raw_connection()
        connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
        pooled.detach()  # of the pool, which would hand it to others
        self._connection = connection
        try:
            connection.set_autocommit(True)
            connection.execute(f"SET idle_session_timeout = {SILENCE}")
        except psycopg.Error:
            self.release()
            raise
        return connection


def _session(connection: psycopg.Connection[Any]) -> int:
    return int(_scalar(connection, "SELECT pg_backend_pid()"))


def _scalar(connection: psycopg.Connection[Any], query: LiteralString) -> Any:  # noqa: ANN401 - a column
    row = connection.execute(query).fetchone()
    assert row
    return row[0]
