"""A log of eight entries, signed at each of its sizes."""

from shared.protocol import merkle
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from tests.unit.shared.protocol.worked_log import KEY, ORIGIN, TIME

LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(8)]
FRONTIER = merkle.Frontier()
NODES = {node: made for leaf in LEAVES for node, made in FRONTIER.add(leaf)}
VKEYS = KEY.vkeys()
FORK = merkle.node_hash(LEAVES[0], LEAVES[1])  # the root of another tree


def head(size: int) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=merkle.root(LEAVES[:size]))


def note(size: int, root: bytes | None = None, key: LogKey = KEY) -> str:
    told = Checkpoint(origin=key.origin, size=size, root=root or head(size).root)
    return sign_checkpoint(told, key, TIME)


def proof(old: int, new: int) -> list[bytes]:
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), NODES)
