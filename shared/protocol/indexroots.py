"""The roots of a growing log's index, one after the other: what a mirror recomputes (spec/indexes.md, 4).

It says what `indexes.Index` says, and does for a million leaves in seconds what that does in minutes:
only the hashes on the way to changed keys are made anew, and nothing is kept but the right edge of
each key's list and the trie.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256

from shared.protocol import tries
from shared.protocol.errors import LogProofError
from shared.protocol.indexes import case_key, index_hash, peer_key
from shared.protocol.merkle import HASH_SIZE, node_hash

_NONE = -1  # no node, or no key
_COUNTRY = 2  # octets
_LEAF_DEPTH = 8 * tries.KEY_SIZE

_Values = dict[int, "bytes | None"]  # of keys, by number

_List = tuple[int, bytes]
"""How long a key's list is, and the right edge of its tree: its complete subtrees, the largest first."""

_NOTHING: _List = (0, b"")

TRIED = 1024  # leaves at most that are tried one by one: who left one out did so a moment ago


def _numbers() -> array[int]:
    return array("i")


@dataclass(slots=True)
class _Trie:
    """The trie as arrays by node: a million keys must fit into memory.

    Attributes:
        prefixes: of each node 32 octets: a leaf's key, or what the keys below a branch share.
        hashes: of each node 32 octets.
    """

    root: int = _NONE
    left: array[int] = field(default_factory=_numbers)
    right: array[int] = field(default_factory=_numbers)
    parent: array[int] = field(default_factory=_numbers)
    depth: array[int] = field(default_factory=_numbers)
    prefixes: bytearray = field(default_factory=bytearray)
    hashes: bytearray = field(default_factory=bytearray)

    def insert(self, key: bytes) -> int:
        """Make a leaf for a new key; return its node."""
        leaf = self._node(_LEAF_DEPTH, key)
        if self.root == _NONE:
            self.root = leaf
            return leaf
        beside = self.root
        while self.depth[beside] < _LEAF_DEPTH:
            beside = self._side(beside, key)
        depth = tries.common(self._key(beside), key)
        above, below = _NONE, self.root
        while self.depth[below] < depth:
            above, below = below, self._side(below, key)
        branch = self._node(depth, tries.prefix_of(key, depth))
        self._put_between(above, below, leaf, branch)
        return leaf

    def _put_between(self, above: int, below: int, leaf: int, branch: int) -> None:
        right = tries.bit(self._key(leaf), self.depth[branch])
        self.left[branch], self.right[branch] = (below, leaf) if right else (leaf, below)
        self.parent[branch], self.parent[below], self.parent[leaf] = above, branch, branch
        if above == _NONE:
            self.root = branch
        elif self.left[above] == below:
            self.left[above] = branch
        else:
            self.right[above] = branch

    def _node(self, depth: int, prefix: bytes) -> int:
        for each in (self.left, self.right, self.parent):
            each.append(_NONE)
        self.depth.append(depth)
        self.prefixes += prefix
        self.hashes += bytes(HASH_SIZE)
        return len(self.depth) - 1

    def _key(self, node: int) -> bytes:
        at = node * tries.KEY_SIZE
        return bytes(self.prefixes[at : at + tries.KEY_SIZE])

    def _hash(self, node: int) -> bytes:
        at = node * HASH_SIZE
        return bytes(self.hashes[at : at + HASH_SIZE])

    def _side(self, branch: int, key: bytes) -> int:
        sides = self.right if tries.bit(key, self.depth[branch]) else self.left
        return sides[branch]

    def set(self, values: Mapping[int, bytes]) -> None:
        """Give leaves their values, and every node above its hash."""
        hashes = self.hashes
        for leaf, value in values.items():
            made = sha256(tries.leaf_head(self._key(leaf)) + value)
            hashes[leaf * HASH_SIZE : (leaf + 1) * HASH_SIZE] = made.digest()
        for node in self._above(values):
            one, other = self.left[node] * HASH_SIZE, self.right[node] * HASH_SIZE
            made = sha256(self._head(node) + hashes[one : one + HASH_SIZE])
            made.update(hashes[other : other + HASH_SIZE])
            hashes[node * HASH_SIZE : (node + 1) * HASH_SIZE] = made.digest()

    def root_if(self, values: Mapping[int, bytes | None]) -> bytes:
        """The root if leaves had other values, or were not there (None); nothing is changed."""
        if self.root == _NONE:
            return tries.EMPTY
        made = {
            leaf: b""
            if value is None
            else sha256(tries.leaf_head(self._key(leaf)) + value).digest()
            for leaf, value in values.items()
        }
        for node in self._above(values):
            one, other = (
                made[each] if each in made else self._hash(each) for each in self._sides(node)
            )
            whole = sha256(self._head(node) + one + other).digest()
            made[node] = whole if one and other else one + other
        return (made[self.root] if self.root in made else self._hash(self.root)) or tries.EMPTY

    def _head(self, branch: int) -> bytes:
        return tries.branch_head(self.depth[branch], self._key(branch))

    def _sides(self, node: int) -> tuple[int, int]:
        return self.left[node], self.right[node]

    def _above(self, leaves: Iterable[int]) -> list[int]:
        """The branches above these leaves, each after those below it."""
        parent, found = self.parent, set[int]()
        for leaf in leaves:
            node = parent[leaf]
            while node != _NONE and node not in found:
                found.add(node)
                node = parent[node]
        return sorted(found, key=self.depth.__getitem__, reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """Which leaves are not in the lists of which keys (their pseudonyms and countries)."""

    indices: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(slots=True)
class IndexRoots:
    """The roots of a log that is read from its first leaf on; `size` leaves were read so far.

    Besides the trie and the lists' edges it keeps eight octets twice for each leaf since the root
    that was last asked for but one.
    """

    size: int = 0
    _taken: int = 0  # leaves that are in the lists: the size of the last root
    _before: int = 0  # the size of the root before it; kept are the rows from here on
    _rows: tuple[array[int], array[int]] = field(default_factory=lambda: (array("q"), array("q")))
    _names: list[bytes] = field(default_factory=list)  # countries, or pseudonyms' octets
    _by_name: dict[bytes, int] = field(default_factory=dict)
    _nodes: array[int] = field(default_factory=_numbers)
    _lists: list[_List] = field(default_factory=list)
    # The lists that have changed since the root before, as they were then.
    _edges: dict[int, _List] = field(default_factory=dict)
    _trie: _Trie = field(default_factory=_Trie)

    def add(self, case_ref: str | None, peer: str | None) -> None:
        """Take what the next leaf says of its case and its peer."""
        cases, peers = self._rows
        cases.append(_NONE if case_ref is None else self._number(bytes.fromhex(case_ref)))
        peers.append(_NONE if peer is None else self._number(peer.encode()))
        self.size += 1

    def _number(self, name: bytes) -> int:
        number = self._by_name.setdefault(name, len(self._names))
        if number == len(self._names):
            self._names.append(name)
            self._nodes.append(_NONE)
            self._lists.append(_NOTHING)
        return number

    def root(self, size: int) -> bytes:
        """The root of the index of the first leaves.

        Raises:
            LogProofError: so many were not read, or a later root was asked for already.
        """
        if not self._taken <= size <= self.size:
            raise LogProofError("an index covers fewer leaves than the one before", size=size)
        for rows in self._rows:
            del rows[: self._taken - self._before]
        self._before, self._taken = self._taken, size
        self._edges.clear()
        for index in range(self._before, size):
            made = index_hash(index)
            for number in self._keys(index):
                self._take(number, made)
        self._trie.set({self._nodes[each]: _root(self._lists[each]) for each in self._edges})
        return self._trie.root_if({})

    def _keys(self, index: int) -> list[int]:
        """The numbers of a leaf's keys."""
        at = index - self._before
        return [rows[at] for rows in self._rows if rows[at] != _NONE]

    def _take(self, number: int, made: bytes) -> None:
        if self._nodes[number] == _NONE:
            self._nodes[number] = self._trie.insert(_key(self._names[number]))
        self._edges.setdefault(number, self._lists[number])
        self._lists[number] = _grown(self._lists[number], made)

    def omission(self, root: bytes, *, tried: int = TRIED) -> Omission | None:
        """What was left out since the root before, if this is said to be the root of the last size.

        Tried are so many leaves, with all of their keys or with one, and all leaves of each key.
        """
        for indices, values in self._guesses(tried):
            there = {self._nodes[number]: value for number, value in values.items()}
            if self._trie.root_if(there) == root:
                names = tuple(_shown(self._names[number]) for number in values)
                return Omission(indices=tuple(sorted(indices)), names=names)
        return None

    def _guesses(self, tried: int) -> Iterator[tuple[AbstractSet[int], _Values]]:
        fresh = range(self._before, self._taken)
        of_key = defaultdict[int, list[int]](list)
        for index in fresh:
            for number in self._keys(index):
                of_key[number].append(index)
        for indices in [[index] for index in fresh[-tried:]] + list(of_key.values()):
            left_out = frozenset(indices)
            keys = sorted({number for index in indices for number in self._keys(index)})
            values = {number: self._without(number, left_out, of_key[number]) for number in keys}
            yield left_out, values
            yield from ((left_out, {number: value}) for number, value in values.items())

    def _without(
        self, number: int, left_out: AbstractSet[int], indices: Sequence[int]
    ) -> bytes | None:
        """The value of a key if some of its leaves were left out; None if it had no others."""
        entries = self._edges[number]
        for index in indices:
            if index not in left_out:
                entries = _grown(entries, index_hash(index))
        return _root(entries) if entries[0] else None


def _grown(entries: _List, made: bytes) -> _List:
    """A list with one leaf hash more, as `merkle.Frontier` has it."""
    size, edge = entries
    while size & 1:
        made = node_hash(edge[-HASH_SIZE:], made)
        size, edge = size >> 1, edge[:-HASH_SIZE]
    return entries[0] + 1, edge + made


def _root(entries: _List) -> bytes:
    _, edge = entries
    made = edge[-HASH_SIZE:]
    for at in range(len(edge) - 2 * HASH_SIZE, -1, -HASH_SIZE):
        made = node_hash(edge[at : at + HASH_SIZE], made)
    return made


def _key(name: bytes) -> bytes:
    shown = _shown(name)
    return peer_key(shown) if len(name) == _COUNTRY else case_key(shown)


def _shown(name: bytes) -> str:
    return name.decode() if len(name) == _COUNTRY else name.hex()
