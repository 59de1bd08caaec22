"""Tiles: the log in immutable pieces that any static server can keep (C2SP tlog-tiles).

A hash tile of level L holds 256 nodes of tree level 8 L; an entry bundle holds 256 leaves. The last
one of a level is partial and named by its width.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from shared.protocol.errors import FormatError
from shared.protocol.merkle import Node

WIDTH = 256
_LEVEL_BITS = 8
_MAX_LEVEL = 63
_LENGTH = struct.Struct(">H")
_LEVEL = re.compile(r"0|[1-9][0-9]?")
_NUMBER = re.compile(r"(?:x[0-9]{3}/){0,4}[0-9]{3}")
_PARTIAL = re.compile(r"(.+)\.p/([1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile: `level` is None for an entry bundle; `width` is 256 when it is full."""

    level: int | None
    n: int
    width: int = WIDTH

    def path(self) -> str:
        """The path below `tile/`: `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`."""
        kind = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{kind}/{_number(self.n)}{partial}"

    def sizes(self) -> range:
        """The tree sizes at which this very tile stands: its own width, or for a full one any larger.

        A full tile's range ends where tree sizes end, at 2**63.
        """
        shift = _LEVEL_BITS * (self.level or 0)
        last = self.n * WIDTH + self.width
        return range(last << shift, (last + 1) << shift if self.width < WIDTH else 2**63)

    def nodes(self) -> list[Node]:
        """The nodes whose hashes make up a hash tile, in order; the leaves of an entry bundle."""
        start = self.n * WIDTH
        level = _LEVEL_BITS * (self.level or 0)
        return [(level, n) for n in range(start, start + self.width)]


def parse_tile(path: str) -> Tile:
    """Read the path below `tile/`.

    Raises:
        FormatError: no tile has this path.
    """
    kind, _, rest = path.partition("/")
    partial = _PARTIAL.fullmatch(rest)
    number, width = (partial[1], int(partial[2])) if partial else (rest, WIDTH)
    if not _NUMBER.fullmatch(number) or (partial and width >= WIDTH):
        raise FormatError("no tile has this path")
    if kind != "entries" and not (_LEVEL.fullmatch(kind) and int(kind) <= _MAX_LEVEL):
        raise FormatError("no tile has this path")
    n = int(number.replace("x", "").replace("/", ""))
    tile = Tile(level=None if kind == "entries" else int(kind), n=n, width=width)
    if tile.path() != path:
        raise FormatError("a tile's path has only one spelling")
    return tile


def bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length, 16 bits big-endian."""
    return b"".join(_LENGTH.pack(len(each)) + each for each in entries)


def parse_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        FormatError: it ends in the middle of an entry.
    """
    entries, at = [], 0
    while at < len(data):
        if len(data) < at + _LENGTH.size:
            raise FormatError("the entry bundle is cut short")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size + length
        if len(data) < at:
            raise FormatError("the entry bundle is cut short")
        entries.append(data[at - length : at])
    return entries


def _number(n: int) -> str:
    """A tile number in groups of three digits: 1234067 is `x001/x234/067`."""
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03}")
    return "/".join(reversed(groups))
