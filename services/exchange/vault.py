"""Sealed content by digest: written once, read, never overwritten.

A blob is `blobs/<aa>/<sha256 of its bytes>`. It is written to a temporary file, made durable, linked
into place and made durable there, so that a name that exists always holds all of its bytes. What a
crash leaves behind is a temporary file, swept at the next start, or a blob that no row names.
"""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from shared.runtime.refusals import StorageFull

BLOCK = 2**20  # bytes read, sealed or written at a time: more is not faster, and memory is per call
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def _room() -> Iterator[None]:
    """Turn a full disk into a refusal that says so."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFull(
            "storage_full",
            "The node has no room for this; what was stored before is safe.",
            next_step="Ask the operators of the node to make room, then send the same again.",
        ) from error


@dataclass(frozen=True, slots=True)
class Draft:
    """A blob being written; nothing is kept until `keep`."""

    vault: "Vault"
    descriptor: int
    path: Path

    def write(self, octets: bytes | memoryview) -> None:
        """Append octets.

        Raises:
            StorageFull: no room left.
        """
        rest = memoryview(octets)
        with _room():
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]

    def keep(self, digest: str) -> None:
        """Make the blob durable under its digest; the same blob kept twice is one.

        Raises:
            StorageFull: no room left.
        """
        target = self.vault.path(digest)
        with _room():
            os.fsync(self.descriptor)
            if not target.parent.exists():
                target.parent.mkdir(exist_ok=True)
                _sync_folder(target.parent.parent)
            try:
                os.link(self.path, target)
            except FileExistsError:
                return  # the same digest is the same bytes
            # A name is durable only when its folder is; only then may a row name it.
            _sync_folder(target.parent)


@dataclass(frozen=True, slots=True)
class Vault:
    """The folder of sealed blobs of one exchange."""

    folder: Path

    @classmethod
    def open_in(cls, folder: Path) -> "Vault":
        """Open (or make) the vault and sweep what an interrupted write left."""
        vault = cls(folder)
        for part in (vault._blobs, vault._drafts):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder)
        for leftover in vault._drafts.iterdir():
            leftover.unlink()
        return vault

    @property
    def _blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def _drafts(self) -> Path:
        return self.folder / "drafts"

    @contextmanager
    def draft(self, size: int) -> Iterator[Draft]:
        """Begin a blob of exactly `size` bytes; room for it is taken at once.

        Raises:
            StorageFull: there is no room for `size` bytes.
        """
        descriptor, name = _temporary(self._drafts)
        path = Path(name)
        try:
            with _room():
                if size:
                    os.posix_fallocate(descriptor, 0, size)
            yield Draft(self, descriptor, path)
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def put(self, digest: str, octets: bytes) -> None:
        """Keep a small blob.

        Raises:
            StorageFull: no room.
        """
        with self.draft(len(octets)) as draft:
            draft.write(octets)
            draft.keep(digest)

    def path(self, digest: str) -> Path:
        """Return where a blob lies or would lie."""
        return self._blobs / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Return whether the blob is here."""
        return self.path(digest).exists()

    def open(self, digest: str) -> FileIO:
        """Open a blob for reading, unbuffered.

        Raises:
            FileNotFoundError: it is not here.
        """
        return self.path(digest).open("rb", buffering=0)

    def read(self, digest: str) -> bytes:
        """Return a small blob.

        Raises:
            FileNotFoundError: it is not here.
        """
        return self.path(digest).read_bytes()

    def shred(self, digests: Iterable[str]) -> None:
        """Remove blobs, durably: none comes back after a crash. Whatever is gone already stays gone."""
        folders = set()
        for digest in digests:
            target = self.path(digest)
            if target.exists():
                target.unlink()
                folders.add(target.parent)
        for folder in folders:
            _sync_folder(folder)

    def remove(self, digest: str) -> None:
        """Forget a blob that no row names any more."""
        self.path(digest).unlink(missing_ok=True)


def _temporary(folder: Path) -> tuple[int, str]:
    return tempfile.mkstemp(dir=folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
