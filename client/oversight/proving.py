"""What a mirror's own tiles prove: roots of earlier sizes, consistency proofs, contradictions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from client.errors import VerificationFailedError
from client.oversight.mirror import CHECKPOINT, DIRECTORY, Mirror, tile_path
from client.oversight.tree import tile_hashes
from shared.protocol.checkpoints import Checkpoint, read_checkpoint, verify_checkpoint
from shared.protocol.digests import sha256
from shared.protocol.errors import ProtocolError
from shared.protocol.merkle import (
    EMPTY_ROOT,
    Node,
    Range,
    complete,
    consistency_ranges,
    hash_ranges,
    path_ranges,
    root,
)
from shared.protocol.misbehaviour import accuse
from shared.protocol.notes import read_note
from shared.protocol.tiles import WIDTH, Tile
from shared.protocol.trust import read_bundle

_LEVEL_BITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """The newest checkpoint of a mirror, signed by the log; its tiles lead to its root.

    Attributes:
        mirror: the files.
        note: the checkpoint as the log serves it.
        checkpoint: what it says.
        vkeys: the log's keys, from the directory.
    """

    mirror: Mirror
    note: str
    checkpoint: Checkpoint
    vkeys: tuple[str, ...]

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
        place = f"evidence/{sha256(evidence).hex()[:16]}.misbehaviour.json"
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
        hashes = tile_hashes(self.mirror, Tile(level=height, n=number, width=min(held, WIDTH)))
        return root(hashes[first : first + (1 << inside)])


def prove(mirror: Mirror, pinned_root: bytes) -> Mirrored:
    """Check that a mirror's newest checkpoint is the log's, and extends all that was seen before.

    Raises:
        VerificationFailedError: it does not; what proves it is kept in the mirror.
        ProtocolError: the directory or the newest checkpoint does not hold.
    """
    members = read_bundle(mirror.read(DIRECTORY), pinned_root)
    note = mirror.read(CHECKPOINT).decode("utf-8", "replace")
    origin = read_checkpoint(read_note(note).text).origin
    vkeys = next((each.log_vkeys for each in members.values() if each.log_origin == origin), ())
    checkpoint = verify_checkpoint(note, vkeys)
    found = Mirrored(mirror=mirror, note=note, checkpoint=checkpoint, vkeys=vkeys)
    if found.root(checkpoint.size) != checkpoint.root:
        raise VerificationFailedError(
            f"{tile_path(Tile(level=0, n=0))} and the others do not lead to the signed root",
            code="inconsistent_log",
            next_step="pull again with --again, and show this mirror to the other overseer",
        )
    for name, text in mirror.checkpoints():
        if (evidence := found.contradiction(text)) is not None:
            raise VerificationFailedError(
                f"the log signed two histories: {name} is not what the tree begins with",
                code="inconsistent_log",
                next_step=f"the evidence is in {mirror.folder / found.keep_evidence(evidence)}",
            )
    return found
