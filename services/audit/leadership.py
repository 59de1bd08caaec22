"""Who extends the log: one process of several; the others stand by, serve reads and take events.

    candidate ──takes the lead──▶ leader ──session gone, or fenced──▶ candidate

The lead is a lock that its holder's death frees: on PostgreSQL a session's advisory lock, on SQLite a
lock of a file beside the signer's memory. It decides who tries, not who may: a holder may lose it and
not know (a session that the server ended, a process that was stopped for a minute). What keeps such a
one from writing is the epoch, which each new leader raises in the head and in the signer's memory.
"""

import fcntl
from pathlib import Path
from typing import IO, Protocol

from typing_extensions import override

from services.audit.store.lease import SessionLock
from shared.runtime.database import Database

LOCK = "lead"


class Lead(Protocol):
    """The right to try; `glance` says after how many seconds to look for what other processes took."""

    glance: float

    def take(self) -> bool:
        """Take the lead if nobody has it."""

    def held(self) -> bool:
        """Whether it is still ours, as far as can be seen."""

    def release(self) -> None:
        """Let another take it; also if it is not ours."""


class FolderLock(Lead):
    """The lead of a log on SQLite: a lock that ends with the process."""

    glance = 0.5  # seldom is there another process

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    @override
    def take(self) -> bool:
        """Lock the file if nobody has."""
        self.release()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            if isinstance(error, BlockingIOError):
                return False
            raise
        self._file = file
        return True

    @override
    def held(self) -> bool:
        """Nothing takes it from a process that lives."""
        return self._file is not None

    @override
    def release(self) -> None:
        """Unlock."""
        if self._file is not None:
            self._file.close()
            self._file = None


def of(database: Database, folder: Path) -> Lead:
    """The lead of the log in this database, whose signer remembers in this folder."""
    if database.engine.dialect.name == "postgresql":
        return SessionLock(database)
    return FolderLock(folder / LOCK)
