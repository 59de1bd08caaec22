"""Use case: recompute the log from its entries and name the first that does not fit.

Derived rows (columns, tree, head, checkpoints) are compared with what the entries' bytes give. What is
found here is damage or tampering at rest; that the entries themselves are the ones that were signed is
shown by the checkpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit.alarms import CorruptLog
from services.audit.confidential import Confidential, open_opening
from services.audit.store import Session, entries, keysets, tree
from services.audit.store.entries import Columns
from shared.protocol import leaves
from shared.protocol.checkpoints import Checkpoint, verify_checkpoint
from shared.protocol.commitments import check_opening
from shared.protocol.errors import ProtocolError
from shared.protocol.leaves import Leaf
from shared.protocol.merkle import Frontier, completed, leaf_hash
from shared.runtime.database import Database

QUICK = 256  # entries; what a start looks at
_PAGE = 1000


@dataclass(slots=True, kw_only=True)
class _Walk:
    """What is known so far, walking from left to right."""

    frontier: Frontier
    last_time: datetime | None = None


def inspect(
    *,
    database: Database,
    confidential: Confidential,
    origin: str,
    vkeys: Sequence[str],
    last: int | None = None,
) -> int:
    """Recompute the log, or only its `last` entries over the stored tree before them; return its size.

    Raises:
        CorruptLog: something does not fit; `index` is the first bad entry.
    """
    with database.read() as db:
        head = tree.head(db)
        if head is None:
            return 0
        if tree.reaches_past_head(db):
            raise CorruptLog(head.size, "there is more than the head counts")
        start = 0 if last is None else max(head.size - last, 0)
        try:
            walk = _Walk(frontier=tree.frontier(db, start))
        except KeyError as error:
            raise CorruptLog(start, "a node of the tree before it is missing") from error
        known = list(dict.fromkeys([*vkeys, *keysets.ever(db)]))  # old keys signed old checkpoints
    for at in range(start, head.size, _PAGE):
        # One page, one transaction: the log goes on meanwhile.
        with database.read() as db:
            page = range(at, min(at + _PAGE, head.size))
            _check_page(db, walk, page, origin=origin, vkeys=known)
            _check_openings(db, page, confidential)
    if walk.frontier.root() != head.root:
        raise CorruptLog(head.size - 1, "the head has another root than the entries")
    return head.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an inspection of the whole log found; `bad` is the first entry that does not fit."""

    size: int | None
    bad: int | None = None
    detail: str | None = None


def report(
    *, database: Database, confidential: Confidential, origin: str, vkeys: Sequence[str]
) -> Report:
    """Inspect the whole log and tell what was found."""
    try:
        size = inspect(database=database, confidential=confidential, origin=origin, vkeys=vkeys)
    except CorruptLog as found:
        return Report(size=None, bad=found.index, detail=found.detail)
    return Report(size=size)


def _check_page(
    db: Session, walk: _Walk, page: range, *, origin: str, vkeys: Sequence[str]
) -> None:
    signed = {
        each.size: each for each in tree.checkpoints(db, range(page.start + 1, page.stop + 1))
    }
    found = {each.index: each for each in entries.full_page(db, page)}
    stored = tree.nodes(db, completed(page))
    for index in page:
        if index not in found:
            raise CorruptLog(index, "the entry is missing")
        leaf = _check_entry(found[index], walk, origin)
        for node, made in walk.frontier.add(leaf_hash(found[index].body)):
            if stored.get(node) != made:
                raise CorruptLog(index, "the tree has another hash than the entry gives")
        if index + 1 in signed:
            _check_checkpoint(signed[index + 1], walk.frontier, origin=origin, vkeys=vkeys)
        walk.last_time = leaf.seq_time


def _check_entry(entry: Columns, walk: _Walk, origin: str) -> Leaf:
    try:
        leaf = leaves.parse(entry.body)
    except ProtocolError as error:
        raise CorruptLog(entry.index, f"the entry is not a leaf: {error.detail}") from error
    if leaf.log != origin or entries.columns(entry.index, leaf, entry.body) != entry:
        raise CorruptLog(entry.index, "the entry's columns are not those of its leaf")
    if walk.last_time is not None and leaf.seq_time < walk.last_time:
        raise CorruptLog(entry.index, "the entry is dated before the one in front of it")
    return leaf


def _check_checkpoint(
    signed: tree.Signed, frontier: Frontier, *, origin: str, vkeys: Sequence[str]
) -> None:
    expected = Checkpoint(origin=origin, size=signed.size, root=frontier.root())
    try:
        stated = verify_checkpoint(signed.note, vkeys)
    except ProtocolError as error:
        raise CorruptLog(signed.size - 1, f"the checkpoint is bad: {error.detail}") from error
    if stated != expected:
        raise CorruptLog(signed.size - 1, "the checkpoint has another root than the entries")


def _check_openings(db: Session, page: range, confidential: Confidential) -> None:
    """Check that what is left of the openings opens, and that the leaves commit to it."""
    sealed = entries.openings(db, page)
    wrapped = entries.case_keys(db, {each.owner for each in sealed})
    bodies = entries.bodies(db, sorted({each.index for each in sealed}))
    for each in sealed:
        if each.owner in wrapped:
            try:
                key = confidential.case_key(each.owner, wrapped[each.owner])
                opening = open_opening(
                    key, each.index, name=each.name, salt=each.salt, sealed=each.sealed
                )
                check_opening(leaves.parse(bodies[each.index]).commit, opening)
            except ProtocolError as error:
                raise CorruptLog(each.index, f"an opening is bad: {error.detail}") from error
