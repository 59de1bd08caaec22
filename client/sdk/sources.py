"""Files on the caller's disk that are to become evidence: found, named, hashed once."""

from __future__ import annotations

import mimetypes
import mmap
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Final, cast

from client.bundle import Progress
from client.errors import IntegrityError, UsageError, unreadable
from shared.protocol.canonical import Json

BLOCK: Final = 2**20  # bytes a read
UNKNOWN_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, and the name under which it was given: its path from the named folder on.

    Attributes:
        declared: what else is said when it is declared: what it `answers`, its `custody` before.
    """

    path: Path
    name: str
    declared: Mapping[str, Json] = field(default_factory=dict)

    @property
    def media_type(self) -> str:
        """What the file's name suggests; nobody has looked inside."""
        return mimetypes.guess_type(self.name)[0] or UNKNOWN_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A file after one pass over it: SHA-256 of the whole and of each segment."""

    source: Source
    size: int
    sha256: bytes
    segments: tuple[bytes, ...]


def find_sources(paths: Sequence[Path], *, recursive: bool) -> list[Source]:
    """Find the files to add: those named, and with `recursive` all in the folders named.

    Raises:
        UsageError: there is no such file, it is a folder, or neither file nor folder.
    """
    return [source for path in paths for source in _find(path, recursive=recursive)]


def _find(path: Path, *, recursive: bool) -> Iterator[Source]:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISREG(mode):
        yield Source(path=path, name=_shown(path.name))
    elif not stat.S_ISDIR(mode):
        raise UsageError(
            f"{path} is neither a file nor a folder",
            code="no_file",
            next_step="name files, or a folder with -r",
        )
    elif not recursive:
        raise UsageError(
            f"{path} is a folder", code="is_folder", next_step="add -r to take all files in it"
        )
    else:
        base = path.resolve().parent
        for folder, folders, names in os.walk(path.resolve()):
            folders.sort()
            for name in sorted(names):
                found = Path(folder, name)
                yield from _find_within(found, base)


def _find_within(path: Path, base: Path) -> Iterator[Source]:
    """Take regular files; a link could lead anywhere, so none is followed inside a folder."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise UsageError(
            f"{path} is not a regular file",
            code="no_file",
            next_step="remove it from the folder, or name the file it stands for",
        )
    yield Source(path=path, name=_shown(path.relative_to(base).as_posix()))


def _shown(name: str) -> str:
    """Write a name as text; bytes that are not UTF-8 as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def hash_source(source: Source, *, segment_size: int, progress: Progress) -> Hashed:
    """Read a file once, for the digests of the whole and of each segment.

    Raises:
        UsageError: it cannot be read.
        IntegrityError: it grows or shrinks while it is read.
    """
    try:
        with source.path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            whole, segments = _digests(file, size, segment_size, progress)
            if file.tell() != size:
                raise _changed(source)
    except OSError as error:
        raise unreadable(source.path, error) from error
    return Hashed(source=source, size=size, sha256=whole, segments=segments)


def _digests(
    file: FileIO, size: int, segment_size: int, progress: Progress
) -> tuple[bytes, tuple[bytes, ...]]:
    """Hash the whole and each segment; a little more than `size` is read if there is more."""
    whole, part, segments, done, view = sha256(), sha256(), list[bytes](), 0, _block()
    while done <= size and (
        count := file.readinto(view[: min(BLOCK, segment_size - done % segment_size)])
    ):
        part.update(view[:count])
        if size > segment_size:
            whole.update(view[:count])
        done += count
        progress(count)
        if done % segment_size == 0:
            segments.append(part.digest())
            part = sha256()
    if done % segment_size or not segments:
        segments.append(part.digest())
    # In a file of one segment both digests are the same: hashing is what this costs.
    return whole.digest() if size > segment_size else segments[0], tuple(segments)


def read_segment(source: Source, *, start: int, size: int) -> Iterator[bytes]:
    """Read one segment in blocks; each is valid until the next is asked for.

    Raises:
        IntegrityError: the file has become shorter.
    """
    view, done = _block(), 0
    with source.path.open("rb", buffering=0) as file:
        while done < size:
            count = os.preadv(file.fileno(), [view[: min(BLOCK, size - done)]], start + done)
            if not count:
                raise _changed(source)
            done += count
            # A view is sent as it is: urllib3 takes any buffer, though it asks for bytes.
            yield cast("bytes", view[:count])


def _block() -> memoryview:
    """Give a page-aligned block: the kernel copies into a bytearray at a fraction of the speed.

    It is freed with its last view, which whoever sends it may hold longer than the file is open.
    """
    return memoryview(mmap.mmap(-1, BLOCK))


def _changed(source: Source) -> IntegrityError:
    return IntegrityError(
        f"{source.path} was changed while it was read",
        code="file_changed",
        next_step="take a copy that nobody writes to, and add that",
    )
