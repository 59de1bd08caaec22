"""The index as it is stored, against the one that the entries give (spec/indexes.md)."""

from collections.abc import Mapping
from hashlib import sha256

from services.audit.alarms import CorruptLog
from services.audit.store import Session, index, pages
from shared.protocol import tries
from shared.protocol.errors import LogProofError
from shared.protocol.indexroots import IndexRoots

PAGE = 1024  # keys or nodes


def check(db: Session, *, size: int, roots: IndexRoots, logged: Mapping[int, bytes]) -> None:
    """Check the stored index, and what is noted of the roots that were logged over so many entries.

    An index that has gone on meanwhile, or that is being made anew, is left to the next inspection.

    Raises:
        CorruptLog: something is not what the first `size` entries give.
    """
    for covered, root in pages.index_roots(db, size).items():
        if logged.get(covered) != root:
            raise CorruptLog(covered - 1, "a root of the index is noted that was not logged")
    head = index.head(db)
    if head.size > size:
        return
    try:
        made = roots.root(head.size)
    except LogProofError:
        return
    last = max(head.size - 1, 0)
    if made != head.root:
        raise CorruptLog(last, "the index has another root than the entries give")
    keys = _check_lists(db, last)
    if keys.entries != pages.count_keyed(db, head.size):
        raise CorruptLog(last, "the lists of the index have other entries than the log")
    _check_nodes(db, keys.number, last)


class _Keys:
    """How many keys there are in the index, and how many entries in their lists."""

    number = 0
    entries = 0


def _check_lists(db: Session, last: int) -> _Keys:
    """Check that each list is the one that the trie has under its key."""
    keys, after = _Keys(), b""
    while rows := pages.index_lists(db, after, PAGE):
        leaves = {sha256(tries.leaf_head(key) + edge.root()).digest() for key, edge in rows}
        if index.records(db, leaves).keys() != leaves:
            raise CorruptLog(last, "a list of the index is not the one that its root stands for")
        keys.number += len(rows)
        keys.entries += sum(edge.size for _, edge in rows)
        after = rows[-1][0]
    return keys


def _check_nodes(db: Session, keys: int, last: int) -> None:
    """Check that every node hashes to its name, and that the trie has as many as its keys need."""
    live, after = 0, b""
    while rows := pages.index_nodes(db, after, PAGE):
        if any(sha256(tries.LABEL + record).digest() != made for made, record, _ in rows):
            raise CorruptLog(last, "a node of the index is not the one that was stored")
        live += sum(is_live for _, _, is_live in rows)
        after = rows[-1][0]
    if live != max(2 * keys - 1, 0):
        raise CorruptLog(last, "the index has nodes too many, or too few")
