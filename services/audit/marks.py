"""The witness's second memory: the newest note that it cosigned of each log, apart from the database.

It lies on the signer's volume. A database that was restored from an old copy has forgotten what was
cosigned since, and a witness that forgets can be led to cosign a second history: here it finds the note
again and goes on from there. Without this memory, and with a database that has one, it does not cosign.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.notes import read_note

_NOTE = ".note"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Marks:
    """A folder with one note for each log; several processes may share it."""

    folder: Path

    @property
    def begun(self) -> bool:
        """Whether there is a memory, if only of nothing."""
        return (self.folder / _LOCK).exists()

    def begin(self) -> None:
        """Make the memory, empty."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / _LOCK).touch()
        _sync(self.folder)
        _sync(self.folder.parent)

    def note(self, origin: str) -> str | None:
        """Give the newest note that was cosigned of a log."""
        try:
            return self._path(origin).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def notes(self) -> list[str]:
        """Give the newest note of each log."""
        return [path.read_text(encoding="utf-8") for path in sorted(self.folder.glob(f"*{_NOTE}"))]

    def advance(self, note: str) -> None:
        """Remember a note, unless a newer one of its log is here already; durable at the return."""
        told = checkpoint_of(note)
        path = self._path(told.origin)
        with self._alone():
            known = self.note(told.origin)
            if known is not None and checkpoint_of(known).size > told.size:
                return
            draft = path.with_suffix(".draft")
            with draft.open("w", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync(self.folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / _LOCK).open("rb") as lock:  # a memory that has gone is not begun anew
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, origin: str) -> Path:
        return self.folder / f"{sha256(origin.encode()).hexdigest()}{_NOTE}"


def checkpoint_of(note: str) -> Checkpoint:
    """What a note that was checked before says."""
    return read_checkpoint(read_note(note).text)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
