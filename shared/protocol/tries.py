"""A map from keys of 256 bits to hashes, as a compressed prefix trie that proves presence and absence.

A leaf holds one key and its value. A branch stands where the keys below it first differ: at bit `depth`,
counted from the most significant, behind the bits that they share. So one map has one trie, whatever the
order in which it grew (spec/indexes.md). A node's record is what is hashed, and nodes are kept under
their hashes: what is there stays true, and an update writes only the nodes on the way to changed keys.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256

from shared.protocol.canonical import Json, b64u, unb64u
from shared.protocol.errors import FormatError, LogProofError
from shared.protocol.members import members_of

KEY_SIZE = 32  # bytes
LABEL = b"rogatory-index/v1\x00"
EMPTY = sha256(LABEL + b"\x00").digest()
"""The root of the map that holds nothing."""

Fetch = Callable[[AbstractSet[bytes]], Mapping[bytes, bytes]]
"""Gives the records kept under these hashes; all that are asked for."""

_BITS = 8 * KEY_SIZE
_LEAF = struct.Struct(">B32s32s")  # 1, key, value
_BRANCH = struct.Struct(">BB32s32s32s")  # 2, depth, shared bits, left (0), right (1)
_IS_LEAF, _IS_BRANCH = 1, 2
_LEAF_LABEL = LABEL + bytes([_IS_LEAF])
_BRANCH_LABELS = [LABEL + bytes([_IS_BRANCH, depth]) for depth in range(_BITS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrieProof:
    """Where the way to a key ends.

    Attributes:
        end: the record of the leaf or the diverging branch found there; empty in an empty map.
        steps: the branches passed, from the end to the root: depth, and hash of the other side.
    """

    end: bytes
    steps: tuple[tuple[int, bytes], ...]

    def to_json(self) -> dict[str, Json]:
        """The proof as it travels."""
        return {"end": b64u(self.end), "steps": [[depth, b64u(made)] for depth, made in self.steps]}

    @classmethod
    def from_json(cls, value: Json) -> "TrieProof":
        """Read a proof.

        Raises:
            FormatError: it is none.
        """
        members = members_of(value, {"end", "steps"})
        steps = members.value["steps"]
        if not isinstance(steps, list) or len(steps) > _BITS:
            raise FormatError("the steps of an index proof are a list of at most 256")
        return cls(end=unb64u(members.text("end")), steps=tuple(map(_read_step, steps)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an update of the map changes: its root, and which records come and go.

    Records that go are still needed to prove what stood under the root before.
    """

    root: bytes
    added: dict[bytes, bytes]
    removed: frozenset[bytes]


def walk(root: bytes, keys: Iterable[bytes], fetch: Fetch) -> dict[bytes, bytes]:
    """The records on the ways to these keys: all that `update` and `prove` need for them.

    They are fetched level by level, so a batch of keys costs no more round trips than one.

    Raises:
        LogProofError: what is kept under a hash does not have it.
        KeyError: nothing is kept under it.
    """
    found: dict[bytes, bytes] = {EMPTY: b""}
    ways = [(root, key) for key in keys]
    while ways:
        wanted = {at for at, _ in ways} - found.keys()
        records = fetch(wanted) if wanted else {}
        for at in wanted:
            if _hash(records[at]) != at:
                raise LogProofError("a node of the index is not the one that was stored")
            found[at] = records[at]
        onward = ((_child(found[at], key), key) for at, key in ways)
        ways = [(child, key) for child, key in onward if child is not None]
    return found


def update(root: bytes, values: Mapping[bytes, bytes], records: Mapping[bytes, bytes]) -> Update:
    """Set these keys, new or old, to these values (32 bytes each)."""
    merge = _Merge(records)
    new = merge.into(root, sorted(values.items()))
    # A node that was taken out and put back as it was has not changed.
    added = {made: record for made, record in merge.added.items() if made not in merge.removed}
    return Update(root=new, added=added, removed=frozenset(merge.removed - merge.added.keys()))


def prove(root: bytes, key: bytes, records: Mapping[bytes, bytes]) -> TrieProof:
    """The proof of what the map of this root says of a key, from the records that `walk` gives."""
    steps: list[tuple[int, bytes]] = []
    record = records[root]
    while (child := _child(record, key)) is not None:
        _, depth, _, left, right = _BRANCH.unpack(record)
        steps.append((depth, left if child == right else right))
        record = records[child]
    return TrieProof(end=record, steps=tuple(reversed(steps)))


def verify(root: bytes, key: bytes, proof: TrieProof) -> bytes | None:
    """Check what the map of this root says of a key.

    Returns:
        The value of the key; None if it is proven that the map does not have it.

    Raises:
        LogProofError: nothing is proven.
    """
    depths = [depth for depth, _ in proof.steps]
    behind = depths[0] + 1 if depths else 0  # how many bits of the key lead to the end
    value = _read_end(proof.end, key, behind)
    if depths != sorted(set(depths), reverse=True) or (depths and not proof.end):
        raise LogProofError("the steps of the index proof do not lead upward")
    made = _hash(proof.end)
    for depth, other in proof.steps:
        sides = (other, made) if bit(key, depth) else (made, other)
        made = _hash(_BRANCH.pack(_IS_BRANCH, depth, prefix_of(key, depth), *sides))
    if made != root:
        raise LogProofError("the index proof does not lead to the root")
    return value


def _read_end(end: bytes, key: bytes, behind: int) -> bytes | None:
    """The value of the key if the end is its leaf; None if the end shows that it has none."""
    if len(end) == _LEAF.size and end[0] == _IS_LEAF:
        _, there, value = _LEAF.unpack(end)
        shared = _BITS
    elif len(end) == _BRANCH.size and end[0] == _IS_BRANCH:
        _, shared, there, *_ = _BRANCH.unpack(end)
        value = None
    elif not end:
        return None
    else:
        raise LogProofError("the end of the index proof is no node")
    agreed = common(there, key)
    if there != prefix_of(there, shared) or not behind <= agreed:
        raise LogProofError("the end of the index proof lies elsewhere")
    if value is None and agreed >= shared:
        raise LogProofError("the way to the key does not end at this branch")
    return value if agreed == _BITS else None


@dataclass(slots=True)
class _Merge:
    """An update in the making."""

    records: Mapping[bytes, bytes]
    added: dict[bytes, bytes] = field(default_factory=dict)
    removed: set[bytes] = field(default_factory=set)

    def into(self, at: bytes, leaves: Sequence[tuple[bytes, bytes]]) -> bytes:
        """Put leaves, sorted and all on this side of the trie, under a node; return its hash."""
        if not leaves or at == EMPTY:
            return self._build(leaves) if leaves else at
        record = self.records[at]
        if record[0] == _IS_LEAF:
            self.removed.add(at)
            _, key, value = _LEAF.unpack(record)
            return self._build(sorted(({key: value} | dict(leaves)).items()))
        _, depth, prefix, left, right = _BRANCH.unpack(record)
        shared = min(common(leaves[0][0], prefix), common(leaves[-1][0], prefix))
        if shared < depth:
            low, high = _split(leaves, shared)
            if bit(prefix, shared):
                return self._branch(shared, prefix, self._build(low), self.into(at, high))
            return self._branch(shared, prefix, self.into(at, low), self._build(high))
        self.removed.add(at)
        low, high = _split(leaves, depth)
        sides = self.into(left, low), self.into(right, high)
        return self._add(_BRANCH.pack(_IS_BRANCH, depth, prefix, *sides))

    def _build(self, leaves: Sequence[tuple[bytes, bytes]]) -> bytes:
        if len(leaves) == 1:
            return self._add(_LEAF.pack(_IS_LEAF, *leaves[0]))
        depth = common(leaves[0][0], leaves[-1][0])
        low, high = _split(leaves, depth)
        return self._branch(depth, leaves[0][0], self._build(low), self._build(high))

    def _branch(self, depth: int, key: bytes, left: bytes, right: bytes) -> bytes:
        return self._add(_BRANCH.pack(_IS_BRANCH, depth, prefix_of(key, depth), left, right))

    def _add(self, record: bytes) -> bytes:
        made = _hash(record)
        self.added[made] = record
        return made


def leaf_head(key: bytes) -> bytes:
    """What is hashed of a leaf in front of its value."""
    return _LEAF_LABEL + key


def branch_head(depth: int, prefix: bytes) -> bytes:
    """What is hashed of a branch in front of its sides."""
    return _BRANCH_LABELS[depth] + prefix


def _child(record: bytes, key: bytes) -> bytes | None:
    """The hash of the next node on the way to a key; None where the way ends."""
    if not record or record[0] == _IS_LEAF:
        return None
    _, depth, prefix, left, right = _BRANCH.unpack(record)
    if common(prefix, key) < depth:
        return None
    return bytes(right if bit(key, depth) else left)


def _split(
    leaves: Sequence[tuple[bytes, bytes]], depth: int
) -> tuple[Sequence[tuple[bytes, bytes]], Sequence[tuple[bytes, bytes]]]:
    """Sorted leaves that share `depth` bits, by their next bit."""
    low = sum(not bit(key, depth) for key, _ in leaves)
    return leaves[:low], leaves[low:]


def _hash(record: bytes) -> bytes:
    return sha256(LABEL + (record or b"\x00")).digest()


def common(one: bytes, other: bytes) -> int:
    """How many bits two keys share, from the most significant."""
    return _BITS - (int.from_bytes(one) ^ int.from_bytes(other)).bit_length()


def bit(key: bytes, depth: int) -> int:
    """A bit of a key, counted from the most significant."""
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def prefix_of(key: bytes, depth: int) -> bytes:
    """The first bits of a key, and zeros."""
    rest = _BITS - depth
    return (int.from_bytes(key) >> rest << rest).to_bytes(KEY_SIZE)


def _read_step(value: Json) -> tuple[int, bytes]:
    match value:
        case [int(depth), str(text)] if 0 <= depth < _BITS and not isinstance(depth, bool):
            other = unb64u(text)
        case _:
            raise FormatError("a step of an index proof is a depth and a hash")
    if len(other) != KEY_SIZE:
        raise FormatError("a hash of an index proof is 32 bytes")
    return depth, other
