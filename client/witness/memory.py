"""What a witness remembers: one SQLite file, in which nothing that was kept is changed or removed.

Compare and store are one transaction that holds the write lock from its beginning (BEGIN IMMEDIATE), also
against a second process on the same file. It is on the disk before the answer is sent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from shared.protocol.checkpoints import Checkpoint
from shared.protocol.witnessing import monitoring_path

PATIENCE: Final = 20.0  # seconds to wait for the write lock

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS note (
  origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
  cosigned INTEGER NOT NULL CHECK (cosigned IN (0, 1)),
  note TEXT NOT NULL, seen TEXT NOT NULL,
  PRIMARY KEY (origin, size, root, cosigned)
);
CREATE UNIQUE INDEX IF NOT EXISTS one_root_for_one_size ON note (origin, size) WHERE cosigned = 1;
CREATE TRIGGER IF NOT EXISTS notes_stay BEFORE DELETE ON note
  BEGIN SELECT RAISE (ABORT, 'notes are kept for ever'); END;
CREATE TRIGGER IF NOT EXISTS notes_stand BEFORE UPDATE ON note
  BEGIN SELECT RAISE (ABORT, 'notes are never changed'); END;
CREATE TABLE IF NOT EXISTS head (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, place TEXT NOT NULL UNIQUE, note TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS heads_stay BEFORE DELETE ON head
  BEGIN SELECT RAISE (ABORT, 'what was cosigned last is never forgotten'); END;
CREATE TRIGGER IF NOT EXISTS heads_grow BEFORE UPDATE ON head WHEN new.size < old.size
  BEGIN SELECT RAISE (ABORT, 'a log never shrinks'); END;
"""


@dataclass(frozen=True, slots=True)
class Book:
    """The memory while its write lock is held."""

    connection: sqlite3.Connection

    def head(self, origin: str) -> str | None:
        """Give the note cosigned last of a log."""
        return _one(self.connection, "SELECT note FROM head WHERE origin = ?", origin)

    def accept(self, checkpoint: Checkpoint, note: str, cosigned: str, now: datetime) -> None:
        """Take a checkpoint as the newest of its log: its note, and the note with the cosignatures."""
        self._keep(checkpoint, cosigned, now, cosigned=1)
        self.keep(checkpoint, note, now)
        self.connection.execute(
            "INSERT INTO head VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE "
            "SET size = excluded.size, note = excluded.note",
            (checkpoint.origin, checkpoint.size, monitoring_path(checkpoint.origin), cosigned),
        )

    def keep(self, checkpoint: Checkpoint, note: str, now: datetime) -> None:
        """Keep a note that the log signed, the first of each root."""
        self._keep(checkpoint, note, now, cosigned=0)

    def others(self, checkpoint: Checkpoint) -> list[str]:
        """Give the notes that this log signed for other roots at the same size."""
        rows = self.connection.execute(
            "SELECT note FROM note WHERE origin = ? AND size = ? AND root != ? AND cosigned = 0",
            (checkpoint.origin, checkpoint.size, checkpoint.root),
        )
        return [str(note) for (note,) in rows]

    def _keep(self, told: Checkpoint, note: str, now: datetime, *, cosigned: int) -> None:
        self.connection.execute(
            "INSERT INTO note VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (origin, size, root, cosigned) DO NOTHING",
            (told.origin, told.size, told.root, cosigned, note, now.isoformat()),
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """The file."""

    path: Path

    def prepare(self) -> None:
        """Make the file and its tables, if they are not there yet."""
        with closing(self._connect("rwc")) as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[Book]:
        """Hold the write lock; what was written is durable afterwards, or nothing of it is."""
        with closing(self._connect()) as connection:  # closing undoes what was not committed
            connection.execute("BEGIN IMMEDIATE")
            yield Book(connection)
            connection.execute("COMMIT")

    def newest(self, place: str) -> str | None:
        """Give the note cosigned last, by its monitoring path."""
        with closing(self._connect()) as connection:
            return _one(connection, "SELECT note FROM head WHERE place = ?", place)

    def _connect(self, mode: str = "rw") -> sqlite3.Connection:
        """Open the file; a file that has gone is not begun anew."""
        name = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(name, uri=True, timeout=PATIENCE, isolation_level=None)
        connection.execute(
            "PRAGMA synchronous = EXTRA"
        )  # the journal's removal, too, is on the disk
        return connection


def _one(connection: sqlite3.Connection, query: str, value: str) -> str | None:
    row = connection.execute(query, (value,)).fetchone()
    return str(row[0]) if row else None
