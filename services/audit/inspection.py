"""Use case: make everything anew that derives from the entries, and name the first that does not fit.

    entries ─▶ columns, times, counts    (derivation)      openings, peers' leaves, inbox (attachments)
            ─▶ tree ─▶ head, checkpoints, what is shown    (derivation, attestation)
            ─▶ roots of the index ─▶ the index as stored   (derivation, indexation)

What is found here is damage or tampering at rest; that the entries themselves are the ones that were
signed is shown by the checkpoints. It goes on page by page, each in a transaction of its own, while the
log grows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from services.audit import attachments, derivation, indexation
from services.audit.alarms import CorruptLog
from services.audit.attestation import Attestations, Keys
from services.audit.confidential import Confidential
from services.audit.derivation import Counts, Walk
from services.audit.store import pages, tree
from services.audit.store.pages import Row
from shared.protocol.indexroots import IndexRoots
from shared.protocol.scanning import Scanned
from shared.runtime.database import DamagedError, Database

QUICK = 256  # entries; what a start looks at
PAGE = 4096

_UNREADABLE = (DamagedError, TypeError, ValueError)  # broken pages; values of another kind


class Progress(NamedTuple):
    """How many entries of how many are checked."""

    checked: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Of a whole log, or of its `last` entries over the stored tree before them."""

    database: Database
    confidential: Confidential
    origin: str
    vkeys: Sequence[str]
    last: int | None = None
    page: int = PAGE

    def steps(self) -> Iterator[Progress]:
        """Check page by page; whoever stops asking ends it.

        Raises:
            CorruptLog: something does not fit; `index` is the first bad entry.
        """
        begun = self._begin()
        if begun is None:
            return
        head, walk, keys = begun
        yield Progress(walk.frontier.size, head.size)
        while walk.frontier.size < head.size:
            at = walk.frontier.size
            self._check_page(range(at, min(at - at % self.page + self.page, head.size)), walk, keys)
            yield Progress(walk.frontier.size, head.size)
        if walk.frontier.root() != head.root:
            raise CorruptLog(head.size - 1, "the head has another root than the entries")
        if walk.roots is not None:
            self._check_whole(head.size, walk, walk.roots)

    def _begin(self) -> tuple[tree.Head, Walk, Keys] | None:
        with _readable(0, "the log's head"), self.database.read() as db:
            head = tree.head(db)
            if head is None:
                return None
            if tree.reaches_past_head(db):
                raise CorruptLog(head.size, "there is more than the head counts")
            start = 0 if self.last is None else max(head.size - self.last, 0)
            try:
                frontier = tree.frontier(db, start)
            except KeyError as error:
                raise CorruptLog(start, "a node of the tree before it is missing") from error
            keys = Keys.of(db, self.origin, self.vkeys)
        walk = Walk(origin=self.origin.encode(), frontier=frontier)
        if self.last is None:
            walk.counts, walk.roots = Counts(), IndexRoots()
        return head, walk, keys

    def _check_page(self, page: range, walk: Walk, keys: Keys) -> None:
        flaws = _Flaws()
        rows = self._rows(page)
        with flaws.noted():
            derivation.check_dense(page, rows)
        if flaws.found:
            page = range(page.start, flaws.found[0].index)
            rows = rows[: len(page)]
        with _readable(page.start, "what is kept beside it"), self.database.read() as db:
            found = Attestations.within(db, page)
            leaves: list[Scanned] = []
            with flaws.noted():
                leaves += map(walk.check_entry, rows)
            made: dict[int, bytes] = {}
            roots: dict[int, bytes] = {}
            for size in [*found.sizes, page.stop]:
                made |= walk.grow(rows[walk.frontier.size - page.start : size - page.start])
                roots[size] = walk.frontier.root()
            with flaws.noted():
                derivation.check_nodes(db, page, made)
            for size in found.sizes:
                with flaws.noted():
                    keys.check(found, size, roots[size])
            with flaws.noted():
                attachments.check(db, page, rows, leaves, self.confidential)
        flaws.raise_first()

    def _rows(self, page: range) -> list[Row]:
        """The entries of a page; the first that cannot be read is named."""
        try:
            with self.database.read() as db:
                return pages.entries(db, page)
        except _UNREADABLE:
            for index in page:
                with _readable(index, "the entry"), self.database.read() as db:
                    pages.entries(db, range(index, index + 1))
            raise

    def _check_whole(self, size: int, walk: Walk, roots: IndexRoots) -> None:
        with _readable(size - 1, "the index"), self.database.read() as db:
            if pages.count_nodes(db, size) != 2 * size - size.bit_count():
                raise CorruptLog(size - 1, "the tree has nodes that no entry gives")
            if pages.count_taken(db, size) != size - 1:
                raise CorruptLog(size - 1, "the inbox has events at places that are not theirs")
            indexation.check(db, size=size, roots=roots, logged=walk.logged)
            damage = pages.file_damage(db)
            if damage is not None:
                raise CorruptLog(size - 1, f"the database's file is damaged: {damage}")


@dataclass(slots=True)
class _Flaws:
    """What was found in a page; the first by index is the one that is told."""

    found: list[CorruptLog] = field(default_factory=list)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on after a flaw."""
        try:
            yield
        except CorruptLog as flaw:
            self.found.append(flaw)

    def raise_first(self) -> None:
        """Tell of the first, if there is one."""
        if self.found:
            raise min(self.found, key=lambda flaw: flaw.index)


@contextmanager
def _readable(index: int, what: str) -> Iterator[None]:
    """Take what cannot be read for what it is, a flaw at this entry."""
    try:
        yield
    except _UNREADABLE as error:
        raise CorruptLog(index, f"{what} cannot be read: {error}") from error


def inspect(
    *,
    database: Database,
    confidential: Confidential,
    origin: str,
    vkeys: Sequence[str],
    last: int | None = None,
) -> int:
    """Inspect the log, or only its `last` entries over the stored tree before them; return its size.

    Raises:
        CorruptLog: something does not fit; `index` is the first bad entry.
    """
    steps = Inspection(
        database=database, confidential=confidential, origin=origin, vkeys=vkeys, last=last
    ).steps()
    return max((each.size for each in steps), default=0)
