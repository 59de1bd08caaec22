"""The lead on PostgreSQL: an advisory lock of a session, on a connection that does nothing else.

It needs the server itself: behind a pooler that shares sessions, the lock would be nobody's. The server
ends a session that says nothing for a while: a holder that was stopped, or cut off, frees the lock.
"""

import contextlib

import sqlalchemy as sa

from shared.runtime.database import Database

KEY = 0x526F676C  # pg_advisory_lock, within the log's own database
SILENCE = 10_000  # milliseconds; a leader asks twice a second whether it still leads

_TAKE = sa.select(sa.func.pg_try_advisory_lock(KEY))
_SESSION = sa.select(sa.func.pg_backend_pid())
_SILENCE = sa.text(f"SET idle_session_timeout = {SILENCE}")


class SessionLock:
    """Held as long as the session lives: its end, for whatever reason, frees the lock."""

    glance = 0.1  # seconds; replicas take events, and whoever sent them waits

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._connection: sa.Connection | None = None
        self._session = 0  # that has the lock

    def take(self) -> bool:
        """Take the lock if no session has it; who stands by asks again and again in one session."""
        connection = self._connection or self._connect()
        try:
            session = int(connection.scalar(_SESSION) or 0)
            taken = bool(connection.scalar(_TAKE))
        except BaseException:
            self.release()
            raise
        self._session = session if taken else 0
        return taken

    def held(self) -> bool:
        """Whether the session that took it answers."""
        if self._connection is None or not self._session:
            return False
        try:
            return bool(self._connection.scalar(_SESSION) == self._session)
        except sa.exc.DBAPIError:
            return False

    def release(self) -> None:
        """End the session."""
        self._session = 0
        if self._connection is not None:
            # A session that is broken already is closed as well.
            with contextlib.suppress(sa.exc.DBAPIError):
                self._connection.close()
            self._connection = None

    def _connect(self) -> sa.Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # of the pool, which would hand it to others
        self._connection = connection
        connection.execute(_SILENCE)
        return connection
