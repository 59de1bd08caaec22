"""What a mirror's own tiles prove: roots of earlier sizes, consistency proofs, contradictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field

from client.errors import VerificationFailedError
from client.oversight.mirror import CHECKPOINT, Mirror, tile_path
from client.oversight.tree import tile_hashes
from client.oversight.trusting import Keys, Trusted, read_trust
from shared.protocol.accusations import evidence_name
from shared.protocol.checkpoints import Checkpoint, read_checkpoint, verify_checkpoint
from shared.protocol.errors import ProtocolError
from shared.protocol.merkle import (
    EMPTY_ROOT,
    Node,
    Range,
    complete,
    consistency_ranges,
    hash_ranges,
    inclusion_ranges,
    path_ranges,
    root,
)
from shared.protocol.misbehaviour import accuse
from shared.protocol.notes import read_note
from shared.protocol.tiles import WIDTH, Tile

_LEVEL_BITS = 8
_KEPT = 32  # tiles in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """The newest checkpoint of a mirror, signed by the log; its tiles lead to its root.

    Attributes:
        mirror: the files.
        note: the checkpoint as the log serves it.
        checkpoint: what it says.
        vkeys: the log's keys, from the directory, those of earlier times included.
        known: what stands in the tiles above the lowest level, if an audit has computed it.
    """

    mirror: Mirror
    note: str
    checkpoint: Checkpoint
    vkeys: tuple[str, ...]
    known: Mapping[Node, bytes] = field(default_factory=dict, compare=False)
    _tiles: dict[Tile, list[bytes]] = field(default_factory=dict, compare=False)

    def inclusion(self, index: int) -> list[bytes]:
        """Prove that the entry at an index stands in the tree."""
        return self._hashes(inclusion_ranges(index, self.checkpoint.size))

    def root(self, size: int) -> bytes:
        """Give the root of the first entries."""
        return self._hashes([(0, size)])[0] if size else EMPTY_ROOT

    def consistency(self, old: int) -> list[bytes]:
        """Prove that the tree extends its first entries; from size 0 there is nothing to prove."""
        return self._hashes(consistency_ranges(old, self.checkpoint.size)) if old else []

    def contradiction(self, note: str) -> bytes | None:
        """Give the evidence that another note of this log is against it; None if it is none."""
        with suppress(ProtocolError):
            other = read_checkpoint(read_note(note).text)
            smaller = 0 < other.size < self.checkpoint.size
            path = path_ranges(other.size, self.checkpoint.size) if smaller else []
            return accuse(note, self.note, vkeys=self.vkeys, path=self._hashes(path))
        return None

    def keep_evidence(self, evidence: bytes) -> str:
        """Keep the file that convicts the log; give its place in the mirror."""
        place = f"evidence/{evidence_name(evidence)}.misbehaviour.json"
        self.mirror.write(place, evidence)
        return place

    def _hashes(self, ranges: Sequence[Range]) -> list[bytes]:
        nodes = {node for each in ranges for node in complete(*each)}
        return hash_ranges(ranges, {node: self._node(node) for node in nodes})

    def _node(self, node: Node) -> bytes:
        """The hash of a complete subtree, from the tile that holds it or the nodes below it."""
        height, inside = divmod(node[0], _LEVEL_BITS)
        number, first = divmod(node[1] << inside, WIDTH)
        held = (self.checkpoint.size >> (_LEVEL_BITS * height)) - number * WIDTH
        hashes = self._tile(Tile(level=height, n=number, width=min(held, WIDTH)))
        return root(hashes[first : first + (1 << inside)])

    def _tile(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile; the last few are kept, since proofs of neighbours need the same."""
        if tile not in self._tiles:
            if len(self._tiles) == _KEPT:
                self._tiles.clear()
            computed = tile.level and self.known
            self._tiles[tile] = (
                [self.known[node] for node in tile.nodes()]
                if computed
                else tile_hashes(self.mirror, tile)
            )
        return self._tiles[tile]


def head(mirror: Mirror, note: str, keys: Keys) -> Mirrored:
    """Check that a checkpoint is signed by the keys that the log has now; its tiles are not looked at.

    Raises:
        ProtocolError: it is not.
    """
    checkpoint = verify_checkpoint(note, keys.vkeys)
    return Mirrored(mirror=mirror, note=note, checkpoint=checkpoint, vkeys=keys.all_vkeys)


def prove(mirror: Mirror, pinned_root: bytes) -> Mirrored:
    """Check that a mirror's newest checkpoint is the log's, and extends all that was seen before.

    Raises:
        VerificationFailedError: it does not; what proves it is kept in the mirror.
        ProtocolError: the directory or the newest checkpoint does not hold.
    """
    note = mirror.read(CHECKPOINT).decode("utf-8", "replace")
    return prove_note(mirror, note, read_trust(mirror, pinned_root))


def prove_note(
    mirror: Mirror, note: str, trusted: Trusted, *, known: AbstractSet[str] = frozenset()
) -> Mirrored:
    """Check a checkpoint over a mirror's tiles, whose entries need not be here; see `prove`.

    `known` are checkpoints that others, which are not known, have been found to extend.
    """
    found = head(mirror, note, trusted.log(read_checkpoint(read_note(note).text).origin))
    checkpoint = found.checkpoint
    if found.root(checkpoint.size) != checkpoint.root:
        raise VerificationFailedError(
            f"{tile_path(Tile(level=0, n=0))} and the others do not lead to the signed root",
            code="inconsistent_log",
            next_step="pull again with --again, and show this mirror to the other overseer",
        )
    for name, text in mirror.checkpoints(but=known):
        if (evidence := found.contradiction(text)) is not None:
            raise VerificationFailedError(
                f"the log signed two histories: {name} is not what the tree begins with",
                code="inconsistent_log",
                next_step=f"the evidence is in {mirror.folder / found.keep_evidence(evidence)}",
            )
    return found
