"""A mirror of one country's log on the disk: C2SP tile files, and what proves the transfers.

    checkpoint                       the newest signed checkpoint
    tile/<L>/<N>[.p/<W>]             hash tiles      (C2SP tlog-tiles)
    tile/entries/<N>[.p/<W>]         entry bundles: the leaves
    checkpoints/<size>-<digest>      every checkpoint that was pulled, and with a witness's cosignatures
    heads/<size>-<digest>            those that were seen, and whose entries were not pulled yet
    evidence/<digest>.*.json         what convicts the log (spec/misbehaviour.md), or what a witness said
    timestamps/<size>-<digest>.json  what time-stamping authorities say of checkpoints (stamps.py)
    counterparts/<index>.leaf        the other country's leaf of the entry received at this index
    counterparts/<index>.tlog-proof  the proof that it stands in the other country's log
    channels/<FROM>-<TO>.json        the hash chain of each direction
    directory.json                   the trust bundle
    directories/<digest>.json        every trust bundle ever seen: old keys prove old checkpoints
    case-key                         K_log: which request a case pseudonym stands for; mode 0600

Nothing in it needs to be trusted: `client.oversight.audit` checks all of it from a pinned root.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.protocol.canonical import encode
from shared.protocol.chainfolder import Link
from shared.protocol.digests import sha256
from shared.protocol.errors import FormatError
from shared.protocol.tiles import WIDTH, Tile

CHECKPOINT: Final = "checkpoint"
DIRECTORY: Final = "directory.json"
CASE_KEY: Final = "case-key"
_LEVEL_BITS: Final = 8
_LINK: Final = re.compile(  # canonical JSON has one spelling
    rb'\{"channel":"([A-Z]{2}>[A-Z]{2})","epoch":(0|[1-9][0-9]{0,14}),"hash":"([0-9a-f]{96})",'
    rb'"prev":"([0-9a-f]{96})","seq":(0|[1-9][0-9]{0,14})\}'
)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror's folder."""

    folder: Path

    def has(self, path: str) -> bool:
        """Say whether there is such a file."""
        return (self.folder / path).is_file()

    def read(self, path: str) -> bytes:
        """Read a file.

        Raises:
            FormatError: there is none.
        """
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise FormatError("a file of the mirror is missing", object=path) from error

    def write(self, path: str, content: bytes, *, mode: int = 0o644) -> None:
        """Write a file whole or not at all."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(place.name + ".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
        part.replace(place)

    def keep_checkpoint(self, text: str) -> None:
        """Keep a checkpoint that was seen, beside all others."""
        self.write(f"checkpoints/{checkpoint_name(text)}", text.encode())

    def keep_head(self, text: str) -> None:
        """Keep a checkpoint whose entries are not here."""
        self.write(f"heads/{checkpoint_name(text)}", text.encode())

    def heads(self) -> list[str]:
        """Name the files of the heads."""
        return [f"heads/{path.name}" for path in sorted((self.folder / "heads").glob("*-*"))]

    def settle(self, size: int) -> None:
        """Put the heads up to a size among the checkpoints, now that their entries are here."""
        for name in self.heads():
            if size_of(name) <= size:
                (self.folder / "checkpoints").mkdir(exist_ok=True)
                (self.folder / name).replace(
                    self.folder / name.replace("heads/", "checkpoints/", 1)
                )

    def drop_checkpoint(self, name: str) -> None:
        """Let go of a checkpoint that another extends: whatever contradicts the one contradicts both."""
        (self.folder / "checkpoints" / name).unlink(missing_ok=True)

    def keep_directory(self, bundle: bytes) -> None:
        """Take a trust bundle for the newest, and keep it beside all others."""
        self.write(f"directories/{sha256(bundle).hex()[:16]}.json", bundle)
        self.write(DIRECTORY, bundle)

    def directories(self) -> Iterator[tuple[str, bytes]]:
        """Give every trust bundle ever seen, by the name of its file."""
        for path in sorted((self.folder / "directories").glob("*.json")):
            yield f"directories/{path.name}", path.read_bytes()

    def checkpoints(self, *, but: AbstractSet[str] = frozenset()) -> Iterator[tuple[str, str]]:
        """Give every checkpoint that was kept, heads too, by the name of its file, but for some."""
        for folder in ("checkpoints", "heads"):
            for path in sorted((self.folder / folder).glob("*-*")):
                name = f"{folder}/{path.name}"
                if name not in but and path.suffix != ".part":
                    yield name, path.read_bytes().decode("utf-8", "replace")

    def counterpart(self, index: int) -> tuple[bytes, str] | None:
        """Give the other country's leaf and proof of the entry that was received at this index."""
        leaf, proof = counterpart_paths(index)
        if not self.has(leaf) or not self.has(proof):
            return None
        return self.read(leaf), self.read(proof).decode("utf-8", "replace")

    def next_counterpart(self) -> int:
        """Give the index after the last counterpart that is here."""
        found = [int(path.stem) for path in (self.folder / "counterparts").glob("*.tlog-proof")]
        return max(found, default=-1) + 1

    def drop_narrower(self, tile: Tile) -> None:
        """Remove the partial tiles that a wider one has taken the place of."""
        whole = self.folder / tile_path(Tile(level=tile.level, n=tile.n))
        for path in whole.with_name(whole.name + ".p").glob("*"):
            if path != self.folder / tile_path(tile):
                path.unlink()

    def proofs(self) -> Iterator[str]:
        """Give the proofs of all counterparts."""
        for path in sorted((self.folder / "counterparts").glob("*.tlog-proof")):
            yield path.read_bytes().decode("utf-8", "replace")

    def channels(self) -> list[str]:
        """Name the files of the hash chains."""
        return [f"channels/{path.name}" for path in sorted((self.folder / "channels").glob("*"))]

    def links(self, path: str) -> Iterator[Link]:
        """Read the hash chain of one direction, link by link: a million of them fit into no memory.

        Raises:
            FormatError: the file is not what `write_links` wrote; said when the reader comes there.
        """
        data, at = self.read(path), len(b"[")
        if data == b"[]":
            return
        while data[at - 1 : at] == (b"[" if at == 1 else b","):
            found = _LINK.match(data, at)
            if found is None:
                raise FormatError("this is no list of links", object=path)
            at = found.end() + len(b",")
            channel, epoch, digest, prev, seq = (each.decode() for each in found.groups())
            yield Link.model_construct(
                channel=channel, epoch=int(epoch), seq=int(seq), prev=prev, hash=digest
            )
        if data[at - 1 :] != b"]":
            raise FormatError("this is no list of links", object=path)

    def write_links(self, channel: str, links: list[Link]) -> None:
        """Write the hash chain of one direction."""
        name = f"channels/{channel.replace('>', '-')}.json"
        self.write(name, encode([link.to_json() for link in links]))


def checkpoint_name(text: str) -> str:
    """Name the file of a checkpoint that is kept."""
    size = text.split("\n")[1]
    return f"{size}-{sha256(text.encode()).hex()[:16]}"


def size_of(name: str) -> int:
    """Give the size that stands in the name of a checkpoint's file; 0 where there is none."""
    digits = name.rpartition("/")[2].partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


def counterpart_paths(index: int) -> tuple[str, str]:
    """Name the two files of a counterpart."""
    name = f"counterparts/{index:08d}"
    return f"{name}.leaf", f"{name}.tlog-proof"


def hash_tiles(size: int) -> Iterator[Tile]:
    """Give the hash tiles of a tree, level by level from the leaves."""
    level = 0
    while size:
        yield from _tiles(level, size)
        size >>= _LEVEL_BITS
        level += 1


def entry_bundles(size: int, *, first: int = 0) -> Iterator[Tile]:
    """Give the entry bundles of a tree, from the number `first` on."""
    return _tiles(None, size, first)


def tile_path(tile: Tile) -> str:
    """Name the file of a tile."""
    return f"tile/{tile.path()}"


def _tiles(level: int | None, nodes: int, first: int = 0) -> Iterator[Tile]:
    full, rest = divmod(nodes, WIDTH)
    for n in range(first, full):
        yield Tile(level=level, n=n)
    if rest:
        yield Tile(level=level, n=full, width=rest)
