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

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._connection: sa.Connection | None = None
        self._session = 0

    def take(self) -> bool:
        """Take the lock if no session has it."""
        self.release()
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            connection.detach()  # of the pool, which would hand it to others
            connection.execute(_SILENCE)
            session = int(connection.scalar(_SESSION) or 0)
            taken = connection.scalar(_TAKE)
        except BaseException:
            _close(connection)
            raise
        if not taken:
            _close(connection)
            return False
        self._connection, self._session = connection, session
        return True

    def held(self) -> bool:
        """Whether the session that took it answers."""
        if self._connection is None:
            return False
        try:
            return bool(self._connection.scalar(_SESSION) == self._session)
        except sa.exc.DBAPIError:
            return False

    def release(self) -> None:
        """End the session."""
        if self._connection is not None:
            _close(self._connection)
            self._connection = None


def _close(connection: sa.Connection) -> None:
    # A session that is broken already is closed as well.
    with contextlib.suppress(sa.exc.DBAPIError):
        connection.close()
