"""The index in its plain form: what the service's tables and the mirror's arrays are held against."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.protocol import tries
from shared.protocol.indexes import case_key, index_hash, peer_key
from shared.protocol.leaves import Leaf
from shared.protocol.merkle import Frontier
from shared.protocol.tries import TrieProof


@dataclass(slots=True, kw_only=True)
class Index:
    """The index of a growing log: `lists` by key, the trie's `records` by hash."""

    size: int = 0
    lists: dict[bytes, Frontier] = field(default_factory=dict)
    records: dict[bytes, bytes] = field(default_factory=lambda: {tries.EMPTY: b""})
    _root: bytes = tries.EMPTY
    _changed: set[bytes] = field(default_factory=set)

    @classmethod
    def from_leaves(cls, leaves: Iterable[Leaf]) -> "Index":
        """The index of a log's leaves, from its first on."""
        index = cls()
        for leaf in leaves:
            index.add(leaf)
        return index

    def add(self, leaf: Leaf) -> None:
        """Take the next leaf of the log."""
        made = index_hash(self.size)
        for key in keys_of(leaf):
            self.lists.setdefault(key, Frontier()).add(made)
            self._changed.add(key)
        self.size += 1

    def root(self) -> bytes:
        """The root of the index of all leaves so far."""
        values = {key: self.lists[key].root() for key in self._changed}
        change = tries.update(self._root, values, self.records)
        self.records.update(change.added)
        for gone in change.removed:
            del self.records[gone]
        self._changed.clear()
        self._root = change.root
        return self._root

    def prove(self, key: bytes) -> TrieProof:
        """The proof of what the index says of a key, under `root()`."""
        return tries.prove(self.root(), key, self.records)


def keys_of(leaf: Leaf) -> list[bytes]:
    """Under which keys a leaf stands, whatever its type."""
    keys = [case_key(leaf.case_ref)] if leaf.case_ref is not None else []
    return keys + ([peer_key(leaf.peer)] if leaf.peer is not None else [])
