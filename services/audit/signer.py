"""The signer: holds the log's keys and remembers the last checkpoint that it signed.

It is its own witness. What it remembers stands in a file of its own, on another volume than the log's
database, so a database that was restored from an old copy, or forked, gets no signature. Beside it stands
the epoch of the sequencer that it serves: one that has lost the lead gets no signature either.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.audit.alarms import LeadLost, SignerRefusal
from shared.protocol.checkpoints import (
    Checkpoint,
    LogKey,
    check_extends,
    sign_checkpoint,
    verify_checkpoint,
)
from shared.protocol.errors import LogProofError, ProtocolError

STATE = "last.checkpoint"
EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The last signed checkpoint, and the note as it was signed."""

    checkpoint: Checkpoint
    note: str


class Signer:
    """One memory for each log; it serves one sequencer at a time, the newest that took it."""

    def __init__(self, key: LogKey, folder: Path, *more: LogKey) -> None:
        """`more` keys sign as well, while the log changes from one to another."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keys, self.folder = (key, *more), folder
        self._epoch = -1
        self.last: Remembered | None = None

    @property
    def origin(self) -> str:
        """The log that this signer signs for."""
        return self._keys[0].origin

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys of what it signs."""
        return [vkey for key in self._keys for vkey in key.vkeys()]

    def epoch(self) -> int:
        """The epoch of the sequencer that took the signer last; 0 before the first.

        Raises:
            SignerRefusal: the file that says it is damaged.
        """
        try:
            text = (self.folder / EPOCH).read_text(encoding="ascii")
            return int(text)
        except FileNotFoundError:
            return 0
        except ValueError as error:
            raise SignerRefusal("the signer's epoch cannot be read") from error

    def take(self, epoch: int) -> None:
        """Serve the sequencer of this epoch from now on, and no earlier one.

        Raises:
            LeadLost: a later one has it.
            SignerRefusal: what it remembers was not signed by this key.
        """
        with self._alone():
            if self.epoch() > epoch:
                raise LeadLost("the signer serves a later sequencer")
            _replace(self.folder / EPOCH, f"{epoch}\n".encode())
            self.last = self._read()
            self._epoch = epoch

    def sign(self, head: Checkpoint, proof: Sequence[bytes], time: datetime) -> str:
        """Sign a head that is durable and extends the last signed one; return the note.

        The commit point is the replacement of the state file. If we die before it, nothing was signed:
        the note exists nowhere. If we die after it, the same head gets the same note again.

        Raises:
            SignerRefusal: `proof` does not show that the head extends the last signed one.
            LeadLost: the signer serves another sequencer.
        """
        with self._alone():
            if self.epoch() != self._epoch:
                raise LeadLost("the signer serves another sequencer")
            return self._sign(head, proof, time)

    def _sign(self, head: Checkpoint, proof: Sequence[bytes], time: datetime) -> str:
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
        first, *more = self._keys
        note = sign_checkpoint(head, first, time, *more)
        _replace(self.folder / STATE, note.encode())
        self.last = Remembered(checkpoint=head, note=note)
        return note

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes out; one that was stopped in here keeps them out until it goes on or dies."""
        with (self.folder / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LeadLost("another process is at the signer") from None
            yield

    def _read(self) -> Remembered | None:
        try:
            note = (self.folder / STATE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return Remembered(checkpoint=verify_checkpoint(note, self.vkeys), note=note)
        except ProtocolError as error:
            raise SignerRefusal(f"the signer's state is not its own: {error.detail}") from error


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
