"""From entries to the signed root: bundles hash into tiles, tiles into tiles, tiles into the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from client.oversight.findings import Check, Findings
from client.oversight.mirror import Mirror, entry_bundles, hash_tiles, tile_path
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import FormatError
from shared.protocol.merkle import EMPTY_ROOT, HASH_SIZE, Frontier, Node, leaf_hash
from shared.protocol.tiles import Tile, parse_bundle


@dataclass(slots=True)
class Tree:
    """The tree as its hash tiles have it: roots of the sizes asked for, and nodes that tiles hold."""

    wanted: AbstractSet[int]
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    nodes: dict[Node, bytes] = field(default_factory=dict)
    frontier: Frontier = field(default_factory=Frontier)

    def add(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        for (level, n), value in self.frontier.add(leaf):
            if level and level % 8 == 0:
                self.nodes[level, n] = value
        if self.frontier.size in self.wanted:
            self.roots[self.frontier.size] = self.frontier.root()


def read_entries(
    mirror: Mirror, stated: Checkpoint, tree: Tree, findings: Findings
) -> Iterator[tuple[int, bytes]]:
    """Give every entry with its index, checked against the tiles; then check the root.

    Args:
        mirror: the files.
        stated: the checkpoint that they must lead to.
        tree: is filled from the hash tiles.
        findings: are told of each entry that does not hash into its tile, and of each tile that
            does not hash into the next.
    """
    for tile in entry_bundles(stated.size):
        try:
            pairs = _pairs(mirror, tile)
        except FormatError as error:
            where = str(error.facts.get("object", tile_path(tile)))
            findings.fail(Check.TREE, where, error.detail)
            return  # what comes after a broken tile has no index that could be told
        for entry, expected in pairs:
            index = tree.frontier.size
            tree.add(expected)
            if leaf_hash(entry) != expected:
                detail = f"it does not hash into the tree ({tile_path(tile)})"
                findings.fail(Check.TREE, f"entry {index}", detail)
            yield index, entry
    _check_upper_tiles(mirror, stated, tree, findings)
    if tree.frontier.root() != stated.root:
        findings.fail(Check.TREE, "checkpoint", "the entries do not lead to the signed root")
    findings.details[Check.TREE] = f"{stated.size} entries in {stated.origin}"


def _pairs(mirror: Mirror, tile: Tile) -> list[tuple[bytes, bytes]]:
    """Read an entry bundle and the hash tile over it."""
    entries = parse_bundle(mirror.read(tile_path(tile)))
    if len(entries) != tile.width:
        raise FormatError(f"it has {len(entries)} entries instead of {tile.width}")
    hashes = tile_hashes(mirror, Tile(level=0, n=tile.n, width=tile.width))
    return list(zip(entries, hashes, strict=True))


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
