"""The tree under the log: RFC 6962 hashes over SHA-256, inclusion and consistency proofs (RFC 9162, 2.1).

A *node* is `(level, n)`: the complete subtree over leaves `n * 2**level` up to `(n + 1) * 2**level`.
Complete subtrees never change again, so they are all that a log has to store, and every root and
every proof is folded from at most two for each level of the tree.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.protocol.errors import InconsistentLogError, LogProofError

Node = tuple[int, int]
Range = tuple[int, int]

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: its complete subtrees, the largest first.

    `hashes` holds one hash for each bit set in `size`, in the order of `complete(0, size)`.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Append a leaf hash; return the nodes that became complete, the leaf's own first."""
        level, n, made = 0, self.size, leaf
        nodes = [((level, n), made)]
        while n & 1:
            level, n, made = level + 1, n >> 1, node_hash(self.hashes.pop(), made)
            nodes.append(((level, n), made))
        self.hashes.append(made)
        self.size += 1
        return nodes

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[Node, list[bytes]]]:
        """Append leaf hashes at once; return the nodes that became complete, in rows.

        A row is the first of adjacent nodes of a level, and the hashes of all of them.
        """
        level, first, row = 0, self.size, list(leaves)
        rows, edge = [], list[bytes]()
        while row:
            rows.append(((level, first), row))
            whole = [self.hashes.pop(), *row] if first & 1 else row
            edge += whole[-1:] if len(whole) & 1 else ()
            row = [
                node_hash(left, right) for left, right in zip(whole[::2], whole[1::2], strict=False)
            ]
            level, first = level + 1, first >> 1
        self.hashes += reversed(edge)
        self.size += len(leaves)
        return rows

    def root(self) -> bytes:
        """The root hash of the tree as it stands; SHA-256 of nothing when it is empty."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, computed from nothing else."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.add(leaf)
    return frontier.root()


def complete(start: int, end: int) -> list[Node]:
    """The complete subtrees that cover leaves `start` up to `end`, from left to right.

    `start` must be a multiple of the largest power of two below `end - start`, as it is for every
    range that a proof names.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The leaf ranges whose hashes prove leaf `index` in a tree of `size`, from leaf to root."""
    if not 0 <= index < size:
        raise LogProofError("no such leaf in a tree of this size", index=index, size=size)
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        ranges.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The leaf ranges whose hashes prove that a tree of `new` extends one of `old` (RFC 9162, 2.1.4.1)."""
    if not 0 < old <= new:
        raise LogProofError("no consistency proof between these sizes", old=old, new=new)
    ranges: list[Range] = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        ranges.append((middle, end) if old <= middle else (start, middle))
        start, end = (start, middle) if old <= middle else (middle, end)
    # Where the old root is itself a node of the new tree, the verifier has it already.
    ranges += [(start, end)] if start else []
    return ranges[::-1]


def hash_ranges(ranges: Sequence[Range], nodes: Mapping[Node, bytes]) -> list[bytes]:
    """The hash of each range, from the stored complete subtrees.

    Raises:
        KeyError: a node is missing; `complete` names those needed.
    """
    return [_fold([nodes[node] for node in complete(*each)]) for each in ranges]


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes
) -> None:
    """Check that the leaf hash stands at `index` in the tree of `size` leaves (RFC 9162, 2.1.3.2).

    Raises:
        LogProofError: it is not shown.
    """
    if not 0 <= index < size:
        raise LogProofError("the leaf lies outside the tree", index=index, size=size)
    _check_hashes(leaf, expected, *proof)
    position, last, made = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise LogProofError("the inclusion proof is too long", index=index, size=size)
        if position & 1 or position == last:
            made = node_hash(step, made)
            shift = _trailing_zeros(position)
            position, last = position >> shift, last >> shift
        else:
            made = node_hash(made, step)
        position, last = position >> 1, last >> 1
    if last or made != expected:
        raise LogProofError("the inclusion proof does not lead to the root", index=index, size=size)


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `new` leaves begins with the tree of `old` ones (RFC 9162, 2.1.4.2).

    Size 0 is refused: nothing is shown about an empty tree. (`checkpoints.check_extends` has the
    rule for a first contact.) Equal sizes need equal roots and no proof; their length is not
    looked at there, since the comparison already settles it.

    Raises:
        InconsistentLogError: the proof does not lead to both roots.
        LogProofError: sizes or hashes that no proof can be about.
    """
    if not 0 < old <= new:
        raise LogProofError("no consistency proof between these sizes", old=old, new=new)
    if old == new:
        if proof or old_root != new_root:
            raise InconsistentLogError("two trees of one size differ", old=old, new=new)
        return
    _check_hashes(old_root, new_root, *proof)
    shift = _trailing_zeros(old)
    path = [old_root, *proof] if old == 1 << shift else list(proof)
    if not path:
        raise InconsistentLogError("the consistency proof is empty", old=old, new=new)
    if _climb((old - 1) >> shift, (new - 1) >> shift, path) != (old_root, new_root):
        raise InconsistentLogError("the new tree does not extend the old", old=old, new=new)


def path_ranges(old: int, new: int) -> list[Range]:
    """The leaf ranges whose hashes show which tree of `old` leaves a tree of `new` ones begins with.

    A consistency proof leaves out the first of them where it is the old tree itself.
    """
    ranges = consistency_ranges(old, new)
    return ranges if old & (old - 1) else [(0, old), *ranges]


def roots_of(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of `old` and of `new` leaves that the hashes of `path_ranges` lead to.

    Raises:
        LogProofError: sizes or hashes that no such path has.
    """
    if not 0 < old < new or not path:
        raise LogProofError("no path leads between these sizes", old=old, new=new)
    _check_hashes(*path)
    shift = _trailing_zeros(old)
    roots = _climb((old - 1) >> shift, (new - 1) >> shift, path)
    if roots is None:
        raise LogProofError("the path has a wrong length", old=old, new=new)
    return roots


def _climb(position: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Fold a consistency path into the old and the new root; None where its length is wrong."""
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            before, after = node_hash(step, before), node_hash(step, after)
            shift = _trailing_zeros(position)
            position, last = position >> shift, last >> shift
        else:
            after = node_hash(after, step)
        position, last = position >> 1, last >> 1
    return None if last else (before, after)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over adjacent complete subtrees, the largest first."""
    made = hashes[-1]
    for left in reversed(hashes[:-1]):
        made = node_hash(left, made)
    return made


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 9162, 2.1.1); `size` is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _trailing_zeros(value: int) -> int:
    """How often to halve a positive value until it is odd."""
    return (value & -value).bit_length() - 1


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_SIZE for each in hashes):
        raise LogProofError("a hash in the proof is not 32 bytes long")
