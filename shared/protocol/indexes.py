"""The index of a log: for each case and each peer, which leaves are its own, and that these are all.

The index of the first n leaves is a map (`tries`) from the key of a case or peer to the root of a small
log of its own, whose leaves are the indices of its leaves. Its root is a function of the log and nothing
else: whoever mirrors the log computes it, too, and compares (spec/indexes.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from shared.protocol import merkle, tries
from shared.protocol.errors import FormatError, LogProofError
from shared.protocol.leaves import Leaf
from shared.protocol.tries import TrieProof

INDEX_ROOT = "index.root"
"""The type of the leaf that says the root of the index."""
INDEX_ROOT_FIELD = "index_root"

_MAX_INDEX = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRoot:
    """What a log says of its index: the root over its first `size` leaves."""

    size: int
    root: bytes


def read_index_root(index: int, leaf: Leaf) -> IndexRoot:
    """Read what a leaf of type `index.root` says, which stands at an index.

    Raises:
        FormatError: it does not say it, or speaks of leaves behind it.
    """
    root = leaf.commit.get(INDEX_ROOT_FIELD)
    if leaf.type != INDEX_ROOT or root is None or leaf.count is None:
        raise FormatError("the leaf says no root of an index", entry=index)
    if leaf.count > index:
        raise FormatError("the index speaks of leaves behind its own", entry=index)
    return IndexRoot(size=leaf.count, root=bytes.fromhex(root))


def case_key(case_ref: str) -> bytes:
    """The key of a case, from its pseudonym as leaves write it (lower-case hex)."""
    return sha256(b"case\x00" + case_ref.encode()).digest()


def peer_key(country: str) -> bytes:
    """The key of a peer, from its country code."""
    return sha256(b"peer\x00" + country.encode()).digest()


def index_hash(index: int) -> bytes:
    """The leaf hash of an index in a key's own log: its eight octets, big-endian."""
    return merkle.leaf_hash(index.to_bytes(8))


def verify_present(root: bytes, key: bytes, indices: Sequence[int], proof: TrieProof) -> None:
    """Check that the leaves of a key are those at these indices: all of them, and no other.

    Raises:
        LogProofError: it is not shown, or the indices do not ascend.
    """
    if any(second <= first for first, second in pairwise(indices)):
        raise LogProofError("the indices do not ascend")
    if not indices or indices[0] < 0 or indices[-1] >= _MAX_INDEX:
        raise LogProofError("there are no such indices")
    if tries.verify(root, key, proof) != merkle.root([index_hash(each) for each in indices]):
        raise LogProofError("these are not the indices of the key", count=len(indices))


def verify_absent(root: bytes, key: bytes, proof: TrieProof) -> None:
    """Check that no leaf has this key.

    Raises:
        LogProofError: it is not shown.
    """
    if tries.verify(root, key, proof) is not None:
        raise LogProofError("there are leaves of this key")
