"""Items, the paths they have in a bag, and the index of their sealed segments (spec/package.md)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.protocol.digests import SHA256_SIZE, sha384
from shared.protocol.encryption import MAX_SEGMENT, sealed_size
from shared.protocol.errors import BagError, DigestMismatchError, FormatError
from shared.protocol.identifiers import TAG_ITEM, ItemId, parse_id
from shared.protocol.messages import PackageBody

PAYLOAD: Final = "data/"
"""Where evidence stands in a bag (RFC 8493, 2.1.2)."""
MAX_PATH: Final = 900  # bytes of UTF-8, so that a folder and the path fit into 1024
MAX_PART: Final = 200  # bytes of UTF-8; common file systems take 255
MAX_INDEX: Final = 256 * 2**20  # bytes

_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_UNSAFE: Final = re.compile(r'[%\\<>:"|?*]')
"""What BagIt escapes (RFC 8493, 2.1.3), what `sha256sum` escapes, what Windows cannot store."""
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE | re.ASCII)
_ROW: Final = re.compile(
    rb"(?P<item>[0-9a-f-]{36}) (?P<n>0|[1-9][0-9]{0,17}) "
    rb"(?P<digest>[0-9a-f]{64}) (?P<size>[1-9][0-9]{0,9})\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file of evidence.

    Attributes:
        path: in the bag, from `data/` on.
        size: bytes of plaintext.
        sha256: of the plaintext, 32 bytes.
        media_type: as declared; nobody has checked it.
    """

    item_id: ItemId
    path: str
    size: int
    sha256: bytes
    media_type: str


def check_path(path: str) -> str:
    """Take a path that every common system can store and every stock tool can check.

    Raises:
        BagError: if it is absolute, too long, not in NFC, has an empty part, `.` or `..`, or has
            `%`, a backslash, a control or format character, or what Windows cannot store.
    """
    if len(path.encode(errors="replace")) > MAX_PATH:
        raise BagError("a path is too long", limit=MAX_PATH)
    if not unicodedata.is_normalized("NFC", path):
        raise BagError("a path must be in Unicode normalisation form C")
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            raise BagError("a path is relative and has no empty part, no . and no ..")
        if part != _safe_part(part):
            raise BagError("a path has a character or a name that is not safe everywhere")
    return path


def stored_path(name: str) -> str:
    """Make a safe path below `data/` from any original file name; the name itself stands in CASE.

    Two names may give the same path: the caller tells them apart.
    """
    normal = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = [_safe_part(part) for part in normal.split("/") if part not in {"", ".", ".."}]
    path = PAYLOAD + "/".join(parts or ["unnamed"])
    if len(path.encode()) > MAX_PATH:
        path = PAYLOAD + parts[-1]
    return path


def _safe_part(part: str) -> str:
    """Replace what is not safe, so that a safe part comes back as it was."""
    shown = "".join("_" if _is_unsafe(sign) else sign for sign in part)
    if shown.startswith((" ", "~", "-")):
        shown = "_" + shown[1:]
    if shown.endswith((" ", ".")):
        shown = shown[:-1] + "_"
    if _DEVICES.fullmatch(shown):
        shown = "_" + shown
    return shown if len(shown.encode()) <= MAX_PART else _shortened(shown)


def _is_unsafe(sign: str) -> bool:
    return bool(_UNSAFE.match(sign)) or unicodedata.category(sign) in _FORBIDDEN_CATEGORIES


def _shortened(part: str) -> str:
    stem, dot, suffix = part.rpartition(".")
    ending = dot + suffix if stem and len(suffix.encode()) <= 16 else ""  # noqa: PLR2004
    kept = part.encode()[: MAX_PART - len(ending.encode()) - 1].decode(errors="ignore")
    return unicodedata.normalize("NFC", kept) + "_" + ending


def check_distinct(paths: Iterable[str]) -> None:
    """Check that all paths can stand in one folder on every common system.

    Raises:
        BagError: if two differ in nothing or in case alone, or one is a folder of another.
    """
    seen: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        folded = unicodedata.normalize("NFC", path.casefold())
        if folded in seen:
            raise BagError("two paths differ in nothing, or in upper and lower case alone")
        seen.add(folded)
        parts = folded.split("/")
        folders.update("/".join(parts[:n]) for n in range(1, len(parts)))
    if seen & folders:
        raise BagError("a path is a file and a folder at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One sealed segment.

    Attributes:
        item_id: a UUIDv7, or `TAG_ITEM`.
        n: its place in the item, from 0.
        sha256: of the sealed bytes, 32 bytes.
        size: of the sealed bytes.
    """

    item_id: ItemId
    n: int
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """Every sealed segment of a package: what the sender signs, and the receiver fetches.

    An item's segments stand together, in order from 0; the tag files are the last item.

    Raises:
        FormatError: if the rows are in any other order.
    """

    rows: tuple[SegmentRow, ...]

    def __post_init__(self) -> None:
        before: SegmentRow | None = None
        seen: set[str] = set()
        for row in self.rows:
            _check_row(row)
            if before is None or row.item_id != before.item_id:
                if row.item_id in seen or row.n != 0 or TAG_ITEM in seen:
                    raise FormatError("an index has each item once, from 0, the tag files last")
                seen.add(row.item_id)
            elif row.n != before.n + 1:
                raise FormatError("an index has the segments of an item in order", segment=row.n)
            before = row
        if TAG_ITEM not in seen:
            raise FormatError("an index ends with the segments of the tag files")

    @classmethod
    def from_bytes(cls, data: bytes) -> SegmentIndex:
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: if it is anything else.
        """
        if len(data) > MAX_INDEX:
            raise FormatError("the segment index is too large", limit=MAX_INDEX)
        rows: list[SegmentRow] = []
        place = 0
        while place < len(data):
            line = _ROW.match(data, place)
            if line is None:
                raise FormatError("a line of the segment index is malformed", line=len(rows) + 1)
            rows.append(_row(line))
            place = line.end()
        return cls(tuple(rows))

    def to_bytes(self) -> bytes:
        """Write one line a segment: item id, place, SHA-256 in hex, size; LF."""
        return "".join(
            f"{row.item_id} {row.n} {row.sha256.hex()} {row.size}\n" for row in self.rows
        ).encode()

    def digest(self) -> bytes:
        """SHA-384 of the index: what an officer clears and an entry names; 48 bytes."""
        return sha384(self.to_bytes())

    def check_announced(self, body: PackageBody) -> None:
        """Check that this is the index that a package entry announces.

        Raises:
            DigestMismatchError: if the digest, a count, the total or the length of a segment
                is another.
        """
        items = {row.item_id for row in self.rows} - {TAG_ITEM}
        size = sum(_opened_size(row.size) for row in self.rows if row.item_id != TAG_ITEM)
        found = (self.digest().hex(), len(self.rows), len(items), size)
        if found != (body.index_sha384, body.segments, body.items, body.size):
            raise DigestMismatchError("the segment index is not the one that the entry announces")
        full = sealed_size(body.segment_size)
        for row, after in zip(self.rows, self.rows[1:], strict=False):
            if row.item_id == after.item_id and row.size != full:
                raise DigestMismatchError("a segment before the last is not full", segment=row.n)
        if any(row.size > full for row in self.rows):
            raise DigestMismatchError("a segment is longer than the segment size allows")


def _row(line: re.Match[bytes]) -> SegmentRow:
    return SegmentRow(
        item_id=ItemId(line["item"].decode()),
        n=int(line["n"]),
        sha256=bytes.fromhex(line["digest"].decode()),
        size=int(line["size"]),
    )


def _check_row(row: SegmentRow) -> None:
    if row.item_id != TAG_ITEM:
        parse_id(row.item_id)
    sizes = range(sealed_size(0), sealed_size(MAX_SEGMENT) + 1)
    if len(row.sha256) != SHA256_SIZE or row.size not in sizes or row.n < 0:
        raise FormatError("a row of the segment index is out of range", segment=row.n)
    if sealed_size(_opened_size(row.size)) != row.size:
        raise FormatError("no segment has this sealed size", size=row.size)


def _opened_size(sealed: int) -> int:
    """Invert `sealed_size`: 56 bytes of header, 16 of tag for every started chunk of 16 KiB."""
    chunks = (sealed - sealed_size(0)) // (16 * 2**10 + 16)
    return sealed - sealed_size(0) - 16 * chunks
