"""The raw image of a memory card: a partition table and a FAT16 volume with a few files.

Layout after Microsoft's FAT specification 1.03: boot sector, two allocation tables, a root
directory of 512 entries, clusters of 2 KiB. One file is deleted (its first character is 0xE5,
its clusters are free, its content is still there), as examiners know them. The space that no file
owns is filled from a stream, so that the image does not compress and no two blocks are equal.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512  # bytes
START = 2048  # sectors before the partition, as partitioning tools leave them
CLUSTER = 4  # sectors
ROOT_ENTRIES = 512
BLOCK = 2**20  # bytes written at once
DATE = (2026 - 1980) << 9 | 3 << 5 | 8  # 8 March 2026 in FAT's form
FREE, LAST = 0, 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFile:
    """A file on the card: its 8.3 name as stored (11 bytes) and its content."""

    name: bytes
    content: bytes
    deleted: bool = False


FILES = (
    CardFile(name=b"NOTES   TXT", content=b"44-1180 thursday, pier 3. cash.\r\n" * 40),
    CardFile(name=b"LEDGER  CSV", content=b"no;to;amount\r\n7;harbour;18400\r\n" * 600),
    CardFile(name=b"PHOTO001JPG", content=b"\xff\xd8\xff\xe0" + b"JFIF" * 8000, deleted=True),
)


def write_image(path: Path, *, size: int, content: Callable[[int], bytes]) -> None:
    """Write the image.

    Args:
        path: the file to make.
        size: bytes, a multiple of 1 MiB, 16 MiB to 128 MiB (what FAT16 with 2 KiB clusters holds).
        content: gives the next n bytes for space that no file owns.
    """
    sectors = size // SECTOR - START
    table_sectors = -(-(sectors // CLUSTER + 2) * 2 // SECTOR)
    tables, entries, data = _files()
    root = entries.ljust(ROOT_ENTRIES * 32, b"\0")
    table = tables.ljust(table_sectors * SECTOR, b"\0")
    head = _partition_table(sectors).ljust(START * SECTOR, b"\0")
    head += _boot_sector(sectors, table_sectors) + table + table + root + data
    with path.open("wb") as out:
        out.write(head)
        while (left := size - out.tell()) > 0:
            out.write(content(min(BLOCK, left)))


def _files() -> tuple[bytes, bytes, bytes]:
    """The allocation table, the directory entries and the clusters of the card's files."""
    chain = [0xFFF8, LAST]
    entries, data = b"", b""
    for file in FILES:
        count = -(-len(file.content) // (CLUSTER * SECTOR))
        first = len(chain)
        links = [first + n + 1 for n in range(count - 1)] + [LAST]
        chain += [FREE] * count if file.deleted else links
        name = b"\xe5" + file.name[1:] if file.deleted else file.name
        entries += struct.pack(
            "<11sBBBHHHHHHHI", name, 0x20, 0, 0, 0, DATE, DATE, 0, 0, DATE, first, len(file.content)
        )
        data += file.content.ljust(count * CLUSTER * SECTOR, b"\0")
    return struct.pack(f"<{len(chain)}H", *chain), entries, data


def _partition_table(sectors: int) -> bytes:
    """A master boot record with one partition of type 0x0E (FAT16, LBA)."""
    # Cylinder, head and sector are out of use: the marker for "see the LBA" stands there.
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x0E, b"\xfe\xff\xff", START, sectors)
    return (bytes(440) + b"QN11\0\0" + entry).ljust(510, b"\0") + b"\x55\xaa"


def _boot_sector(sectors: int, table_sectors: int) -> bytes:
    small, large = (sectors, 0) if sectors < 2**16 else (0, sectors)
    head = struct.pack(
        "<3s8sHBHBHHBHHHII",
        b"\xeb\x3c\x90", b"MSDOS5.0", SECTOR, CLUSTER, 1, 2, ROOT_ENTRIES, small, 0xF8,
        table_sectors, 63, 255, START, large,
    )  # fmt: skip
    tail = struct.pack("<BBBI11s8s", 0x80, 0, 0x29, 0x20260308, b"CARD       ", b"FAT16   ")
    return (head + tail).ljust(510, b"\0") + b"\x55\xaa"
