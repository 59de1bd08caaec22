"""What derives from the entries' bytes: columns, counts, tree and index roots, made anew page by page.

Each check takes a page and what is known from the pages before it, and names the first entry that does
not fit. Memory grows with the number of cases and peers, not with the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from services.audit.alarms import CorruptLog
from services.audit.catalogue import INDEX_ROOT
from services.audit.store import Session, pages, tree
from services.audit.store.pages import Row
from shared.protocol.errors import LogProofError, ProtocolError
from shared.protocol.indexes import INDEX_ROOT_FIELD
from shared.protocol.indexroots import IndexRoots
from shared.protocol.merkle import Frontier
from shared.protocol.scanning import Scanned, scan

_INDEX_ROOT = INDEX_ROOT.encode()


@dataclass(slots=True)
class Counts:
    """How many entries each case and peer has so far, and where its last one stands."""

    last: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def take(self, index: int, leaf: Scanned) -> None:
        """Count an entry.

        Raises:
            CorruptLog: it counts itself otherwise.
        """
        for owner, seq, prev in (
            (leaf.case_ref, leaf.case_seq, leaf.case_prev),
            (leaf.peer, leaf.peer_seq, leaf.peer_prev),
        ):
            if owner is not None:
                before = self.last.get(owner)
                expected = (b"%d" % (before[0] + 1), b"%d" % before[1]) if before else (b"0", None)
                if (seq, prev) != expected:
                    raise CorruptLog(
                        index, "it does not follow the entry before of its case or peer"
                    )
                self.last[owner] = (before[0] + 1 if before else 0, index)


@dataclass(slots=True, kw_only=True)
class Walk:
    """What is known so far, walking from left to right; counts and index only from the first entry on."""

    origin: bytes
    frontier: Frontier
    counts: Counts | None = None
    roots: IndexRoots | None = None
    time: bytes = b""  # of the last entry
    logged: dict[int, bytes] = field(default_factory=dict)  # roots of the index, by what they cover

    def check_entry(self, row: Row) -> Scanned:
        """Check that an entry is a leaf of this log, and that its columns are the leaf's.

        Raises:
            CorruptLog: it is not, or it stands before its time or out of count.
        """
        leaf = _scanned(row)
        if leaf.log != self.origin or not _is_columns(row, leaf):
            raise CorruptLog(row.at, "the entry's columns are not those of its leaf")
        if leaf.seq_time < self.time:
            raise CorruptLog(row.at, "the entry is dated before the one in front of it")
        self.time = leaf.seq_time
        if self.counts is not None:
            self.counts.take(row.at, leaf)
        if self.roots is not None:
            self._check_root(row.at, leaf, self.roots)
        return leaf

    def _check_root(self, index: int, leaf: Scanned, roots: IndexRoots) -> None:
        if leaf.type == _INDEX_ROOT:
            try:
                made = roots.root(int(leaf.counted or b""))
            except (LogProofError, ValueError) as error:
                raise CorruptLog(
                    index, "it is a root of no index of the entries before it"
                ) from error
            self.logged[int(leaf.counted or b"")] = made
            if leaf.commit != b'"%s":"%s"' % (INDEX_ROOT_FIELD.encode(), made.hex().encode()):
                raise CorruptLog(
                    index, "the root of the index is not that of the entries before it"
                )
        roots.add(_text(leaf.case_ref), _text(leaf.peer))

    def grow(self, rows: Sequence[Row]) -> dict[int, bytes]:
        """Append entries to the tree; return the nodes that became complete, by position."""
        hashes = [sha256(b"\x00" + row.body).digest() for row in rows]
        made: dict[int, bytes] = {}
        for (level, first), values in self.frontier.extend(hashes):
            start, step = tree.position((level, first)), 2 << level
            made.update(zip(range(start, start + step * len(values), step), values, strict=True))
        return made


def check_nodes(db: Session, page: range, made: Mapping[int, bytes]) -> None:
    """Check that the stored tree over a page is what its entries give.

    Raises:
        CorruptLog: it is not.
    """
    # A node stands over the middle of its leaves: of those that begin before the page, before the page.
    stored = pages.nodes(db, page) | pages.some_nodes(
        db, [at for at in made if at < 2 * page.start]
    )
    if made.items() <= stored.items():
        return
    wrong = (at for at, value in made.items() if stored.get(at) != value)
    raise CorruptLog(min(map(_last_leaf, wrong)), "the tree has another hash than the entry gives")


def check_dense(page: range, rows: Sequence[Row]) -> None:
    """Check that no entry of a page is missing.

    Raises:
        CorruptLog: one is.
    """
    for place, index in enumerate(page):
        if place >= len(rows) or rows[place].at != index:
            raise CorruptLog(index, "the entry is missing")


def _scanned(row: Row) -> Scanned:
    try:
        return scan(bytes(row.body))
    except (ProtocolError, TypeError) as error:
        raise CorruptLog(row.at, f"the entry is not a leaf: {error}") from error


def _is_columns(row: Row, leaf: Scanned) -> bool:
    return (
        row.seq_time == datetime.fromisoformat(leaf.seq_time.decode())
        and row.peer == _text(leaf.peer)
        and row.peer_seq == _number(leaf.peer_seq)
        and row.case_ref == _text(leaf.case_ref)
        and row.case_seq == _number(leaf.case_seq)
        # A leaf has no quotation mark within a text, so this is the member.
        and f'"event_id":"{row.event_id}"'.encode() in row.body
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(value)


def _last_leaf(position: int) -> int:
    """The leaf that completed the node of a position: the last one under it."""
    level = (~position & (position + 1)).bit_length() - 1
    return ((position >> level + 1) + 1 << level) - 1
