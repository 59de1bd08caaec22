"""The signer: holds the log's keys and remembers the last checkpoint that it signed.

It is its own witness. What it remembers stands in a file of its own, on another volume than the log's
database, so a database that was restored from an old copy, or forked, gets no signature.
"""

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from services.audit.alarms import SignerRefusal
from shared.protocol.checkpoints import (
    Checkpoint,
    LogKey,
    check_extends,
    sign_checkpoint,
    verify_checkpoint,
)
from shared.protocol.errors import LogProofError, ProtocolError

STATE = "last.checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The last signed checkpoint, and the note as it was signed."""

    checkpoint: Checkpoint
    note: str


class Signer:
    """One for each log, held by one process at a time (a lock on the folder's lock file)."""

    def __init__(self, key: LogKey, folder: Path) -> None:
        """Take the folder.

        Raises:
            SignerRefusal: another process has it, or what is in it was not signed by this key.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key, self._folder = key, folder
        self._lock = _take(folder / "lock")
        try:
            self.last = self._read()
        except SignerRefusal:
            self.close()
            raise

    @property
    def origin(self) -> str:
        """The log that this signer signs for."""
        return self._key.origin

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys of what it signs."""
        return self._key.vkeys()

    def sign(self, head: Checkpoint, proof: Sequence[bytes], time: datetime) -> str:
        """Sign a head that is durable and extends the last signed one; return the note.

        The commit point is the replacement of the state file. If we die before it, nothing was signed:
        the note exists nowhere. If we die after it, the same head gets the same note again.

        Raises:
            SignerRefusal: `proof` does not show that the head extends the last signed one.
        """
        if self.last is not None:
            try:
                check_extends(self.last.checkpoint, head, proof)
            except LogProofError as error:
                raise SignerRefusal(
                    f"the head of size {head.size} does not extend the checkpoint of size"
                    f" {self.last.checkpoint.size} that was signed before: {error.detail}"
                ) from error
            if self.last.checkpoint == head:
                return self.last.note
        note = sign_checkpoint(head, self._key, time)
        _replace(self._folder / STATE, note.encode())
        self.last = Remembered(checkpoint=head, note=note)
        return note

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()

    def _read(self) -> Remembered | None:
        try:
            note = (self._folder / STATE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Remembered(checkpoint=verify_checkpoint(note, self.vkeys), note=note)
        except ProtocolError as error:
            raise SignerRefusal(f"the signer's state is not its own: {error.detail}") from error


def _take(path: Path) -> IO[bytes]:
    lock = path.open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SignerRefusal("another process holds the signer's folder") from None
    return lock


def _replace(path: Path, content: bytes) -> None:
    """Replace a file so that after a power cut it is the old one or the new one, whole."""
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
