"""The tree under the log (RFC 9162, 2.1) and the trie of its index, hash by hash."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from typing import Any

from client.standalone.forms import demand, unb64u

EMPTY = hashlib.sha256(b"").digest()
TRIE = b"rogatory-index/v1\x00"
BITS = 256


def leaf_digest(entry: bytes) -> bytes:
    """Hash an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def join_digests(left: bytes, right: bytes) -> bytes:
    """Hash two halves of a tree."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """A tree that grows leaf by leaf: the roots of its complete parts, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self.parts: list[bytes] = []
        self.rows: dict[int, list[bytes]] = {}  # nodes of the levels 8, 16, …: what stands in tiles

    def add(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        level, number, made = 0, self.size, leaf
        while number & 1:
            made = join_digests(self.parts.pop(), made)
            level, number = level + 1, number >> 1
            if level % 8 == 0:
                self.rows.setdefault(level, []).append(made)
        self.parts.append(made)
        self.size += 1

    def root(self) -> bytes:
        """Give the root as it stands."""
        if not self.parts:
            return EMPTY
        made = self.parts[-1]
        for left in reversed(self.parts[:-1]):
            made = join_digests(left, made)
        return made


def root_over(leaves: list[bytes]) -> bytes:
    """Give the root over the hashes of leaves."""
    tree = Growing()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def check_inclusion(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> None:
    """Check that a leaf's hash stands at an index (RFC 9162, 2.1.3.2)."""
    demand(0 <= index < size, "the index lies outside the tree")
    place, last, made = index, size - 1, leaf
    for step in path:
        demand(last, "the proof is too long")
        if place & 1 or place == last:
            made = join_digests(step, made)
            while not place & 1:
                place, last = place >> 1, last >> 1
        else:
            made = join_digests(made, step)
        place, last = place >> 1, last >> 1
    demand(not last and made == root, "the proof does not lead to the root")


def roots_on_path(old: int, new: int, path: list[bytes]) -> tuple[bytes, bytes]:
    """Give the roots of `old` and `new` leaves that a path leads to (spec/misbehaviour.md, 2)."""
    demand(0 < old < new and path, "no path leads between these sizes")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        demand(last, "the path is too long")
        if place & 1 or place == last:
            before, after = join_digests(step, before), join_digests(step, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = join_digests(after, step)
        place, last = place >> 1, last >> 1
    demand(not last, "the path is too short")
    return before, after


def case_of(case_ref: str) -> bytes:
    """Give the key of a case in the index (spec/indexes.md)."""
    return hashlib.sha256(b"case\x00" + case_ref.encode()).digest()


def peer_of(country: str) -> bytes:
    """Give the key of a peer in the index."""
    return hashlib.sha256(b"peer\x00" + country.encode()).digest()


def trie_over(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """Give the root of the index of these keys, sorted, and values (spec/indexes.md, 2)."""
    if len(pairs) < 2:
        record = b"\x01" + pairs[0][0] + pairs[0][1] if pairs else b"\x00"
        return hashlib.sha256(TRIE + record).digest()
    first, last = pairs[0][0], pairs[-1][0]
    depth = BITS - (int.from_bytes(first, "big") ^ int.from_bytes(last, "big")).bit_length()
    middle = bisect_left(pairs, (_first_bits(last, depth + 1), b""))
    sides = trie_over(pairs[:middle]) + trie_over(pairs[middle:])
    record = bytes([2, depth]) + _first_bits(first, depth) + sides
    return hashlib.sha256(TRIE + record).digest()


def value_in_trie(root: bytes, key: bytes, proof: Any) -> bytes | None:  # noqa: ANN401 - JSON
    """Check what the index of this root says of a key: its value, or None that it has none."""
    end, steps = unb64u(proof["end"]), [(depth, unb64u(other)) for depth, other in proof["steps"]]
    depths = [depth for depth, _ in steps]
    demand(depths == sorted(set(depths), reverse=True), "the steps do not lead upward")
    demand(all(0 <= depth < BITS for depth in depths), "a step lies outside the key")
    demand(end or not steps, "a way through the index ends in nothing")
    value = _value_at(end, key, depths[0] + 1 if depths else 0)
    made = hashlib.sha256(TRIE + (end or b"\x00")).digest()
    for depth, other in steps:
        sides = other + made if key[depth >> 3] >> (7 - (depth & 7)) & 1 else made + other
        record = bytes([2, depth]) + _first_bits(key, depth) + sides
        made = hashlib.sha256(TRIE + record).digest()
    demand(made == root, "the proof does not lead to the root of the index")
    return value


def _value_at(end: bytes, key: bytes, behind: int) -> bytes | None:
    if not end:
        return None
    leaf = len(end) == 65 and end[0] == 1
    demand(leaf or (len(end) == 98 and end[0] == 2), "the end of the way is no node of the index")
    there, bits = (end[1:33], BITS) if leaf else (end[2:34], end[1])
    agreed = BITS - (int.from_bytes(there, "big") ^ int.from_bytes(key, "big")).bit_length()
    demand(there == _first_bits(there, bits) and behind <= agreed, "the end lies elsewhere")
    demand(leaf or agreed < bits, "the way does not end here")
    return end[33:] if leaf and agreed == BITS else None


def _first_bits(key: bytes, count: int) -> bytes:
    rest = BITS - count
    return (int.from_bytes(key, "big") >> rest << rest).to_bytes(32, "big")
