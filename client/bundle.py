"""A bag on the disk: read as bytes for the verifier, written file by file for the court.

Reading follows no link and opens nothing but regular files; evidence is hashed as it streams by and
never held. Writing puts each file under `.part` and gives it its name when it is whole.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from shared.protocol.checks import PayloadFile
from shared.protocol.errors import BagError
from shared.protocol.manifest import check_path
from shared.protocol.verification import DATA

BLOCK: Final = 2**20  # bytes a read
MAX_TAG_FILE: Final = 512 * 2**20  # bytes; the largest is the tag manifest's base64 sibling
PART: Final = ".part"

Progress = Callable[[int], None]
"""Told how many more bytes are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BagOnDisk:
    """A bag as found; nothing about it is proven.

    Attributes:
        folder: where it lies.
        paths: of all files in it, with `/` between folders.
        files: the content of those outside `data/`.
    """

    folder: Path
    paths: tuple[str, ...]
    files: Mapping[str, bytes]

    def payload(
        self, hashed: Mapping[str, PayloadFile], progress: Progress
    ) -> Iterator[PayloadFile]:
        """Hash the evidence files, one after the other, but for those that are hashed already."""
        for path in self.paths:
            if path in hashed:
                yield hashed[path]
            elif path.startswith(DATA):
                with (self.folder / path).open("rb", buffering=0) as file:
                    digest, size = hash_file(file, progress)
                yield PayloadFile(path=path, size=size, sha256=digest)

    def size_to_hash(self, hashed: Mapping[str, PayloadFile]) -> int:
        """Count the bytes of evidence that `payload` will hash."""
        paths = [path for path in self.paths if path.startswith(DATA) and path not in hashed]
        return sum((self.folder / path).stat().st_size for path in paths)


def open_bag(folder: Path) -> BagOnDisk:
    """Read a bag but for its evidence.

    Raises:
        BagError: it is no folder, or something in it is no regular file, or far too large.
    """
    if not folder.is_dir():
        raise BagError("there is no bag here", object=str(folder))
    paths = tuple(sorted(_walk(folder, "")))
    files = {path: _small(folder, path) for path in paths if not path.startswith(DATA)}
    return BagOnDisk(folder=folder, paths=paths, files=files)


def hash_file(file: BinaryIO, progress: Progress) -> tuple[bytes, int]:
    """Hash what is left of a file; give its SHA-256 and how many bytes there were."""
    digest, size = hashlib.sha256(), 0
    # Anonymous memory is page-aligned; the kernel copies to a bytearray at a fraction of the speed.
    with mmap.mmap(-1, BLOCK) as buffer, memoryview(buffer) as view:
        while count := os.readv(file.fileno(), [view]):
            digest.update(view[:count])
            size += count
            progress(count)
    return digest.digest(), size


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write small files of a bag, each whole or not at all.

    Raises:
        BagError: a path would lead out of the bag, or is not one that a bag may have.
    """
    for path, content in files.items():
        part = place(folder, path + PART)
        part.write_bytes(content)
        part.replace(folder / path)


def place(folder: Path, path: str) -> Path:
    """Give the place of a file in a bag, its folders made.

    Raises:
        BagError: the path is not one that a bag may have.
    """
    found = folder / check_path(path)
    found.parent.mkdir(parents=True, exist_ok=True)
    return found


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            # A name that is not UTF-8 is in no manifest; shown so that it can be told.
            name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{prefix}{name}/")
            elif entry.is_file(follow_symlinks=False):
                yield prefix + name
            else:
                raise BagError("a bag holds regular files and folders", object=prefix + name)


def _small(folder: Path, path: str) -> bytes:
    file = folder / path
    if file.stat().st_size > MAX_TAG_FILE:
        raise BagError("this file is far too large for what it is", object=path)
    return file.read_bytes()
