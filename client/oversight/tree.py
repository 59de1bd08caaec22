"""From entries to the signed root: bundles hash into tiles, tiles into tiles, tiles into the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from client.oversight.findings import Check, Findings
from client.oversight.mirror import Mirror, entry_bundles, hash_tiles, tile_path
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import FormatError
from shared.protocol.merkle import HASH_SIZE, Frontier, Node, leaf_hash
from shared.protocol.tiles import WIDTH, Tile, parse_bundle

_LEVEL_BITS = 8


@dataclass(slots=True)
class Tree:
    """The tree as its full tiles have it, and how many entries were given out.

    Attributes:
        tiles: the frontier over the roots of the full tiles.
        nodes: what stands in the tiles above the lowest level.
        given: entries that were read.
    """

    tiles: Frontier = field(default_factory=Frontier)
    nodes: dict[Node, bytes] = field(default_factory=dict)
    given: int = 0

    def add_tile(self, hashes: list[bytes]) -> None:
        """Append a full tile of leaf hashes."""
        for (level, n), value in self.tiles.add(_subtree(hashes)):
            if level % _LEVEL_BITS == 0:
                self.nodes[level + _LEVEL_BITS, n] = value

    def root(self, rest: list[bytes]) -> bytes:
        """Give the root of the full tiles and of the leaf hashes behind them."""
        edge = Frontier(size=self.tiles.size * WIDTH, hashes=[*self.tiles.hashes])
        for each in rest:
            edge.add(each)
        return edge.root()


def read_entries(
    mirror: Mirror, stated: Checkpoint, tree: Tree, findings: Findings
) -> Iterator[tuple[int, bytes]]:
    """Give every entry that was not given yet, with its index; then check the root.

    Args:
        mirror: the files.
        stated: the checkpoint that they must lead to.
        tree: what was read before; it goes on to this checkpoint.
        findings: are told of each entry that does not hash into its tile, and of each tile that
            does not hash into the next.
    """
    rest: list[bytes] = []
    for tile in entry_bundles(stated.size, first=tree.tiles.size):
        try:
            entries, hashes = _read(mirror, tile)
        except FormatError as error:
            where = str(error.facts.get("object", tile_path(tile)))
            findings.fail(Check.TREE, where, error.detail)
            return  # what comes after a broken tile has no index that could be told
        first = tile.n * WIDTH
        _check_leaves(entries, hashes, tile, findings)
        yield from list(enumerate(entries, first))[max(tree.given - first, 0) :]
        tree.given = max(tree.given, first + len(entries))
        if tile.width == WIDTH:
            tree.add_tile(hashes)
        else:
            rest = hashes
    _check_upper_tiles(mirror, stated, tree, findings)
    if tree.root(rest) != stated.root:
        findings.fail(Check.TREE, "checkpoint", "the entries do not lead to the signed root")
    findings.details[Check.TREE] = f"{stated.size} entries in {stated.origin}"


def _read(mirror: Mirror, tile: Tile) -> tuple[list[bytes], list[bytes]]:
    """Read an entry bundle and the hash tile over it."""
    entries = parse_bundle(mirror.read(tile_path(tile)))
    if len(entries) != tile.width:
        raise FormatError(f"it has {len(entries)} entries instead of {tile.width}")
    return entries, tile_hashes(mirror, Tile(level=0, n=tile.n, width=tile.width))


def _check_leaves(
    entries: list[bytes], hashes: list[bytes], tile: Tile, findings: Findings
) -> None:
    for index, (entry, expected) in enumerate(zip(entries, hashes, strict=True), tile.n * WIDTH):
        if leaf_hash(entry) != expected:
            detail = f"it does not hash into the tree ({tile_path(tile)})"
            findings.fail(Check.TREE, f"entry {index}", detail)


def _check_upper_tiles(mirror: Mirror, stated: Checkpoint, tree: Tree, findings: Findings) -> None:
    for tile in hash_tiles(stated.size):
        if tile.level:
            with findings.noting(Check.TREE, tile_path(tile)):
                for node, stored in zip(tile.nodes(), tile_hashes(mirror, tile), strict=True):
                    if tree.nodes[node] != stored:
                        below = tile_path(Tile(level=tile.level - 1, n=node[1]))
                        detail = f"{below} does not hash into it"
                        findings.fail(Check.TREE, tile_path(tile), detail)


def tile_hashes(mirror: Mirror, tile: Tile) -> list[bytes]:
    """Read the hashes of a tile.

    Raises:
        FormatError: it is missing, or has another length.
    """
    data = mirror.read(tile_path(tile))
    if len(data) != tile.width * HASH_SIZE:
        raise FormatError("a hash tile has another length", object=tile_path(tile))
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def _subtree(hashes: list[bytes]) -> bytes:
    """The root over a full tile: `merkle.root` of it, level by level, which is faster."""
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]
