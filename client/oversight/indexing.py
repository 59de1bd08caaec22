"""Check 14: every root of the index that the log has said is the one of its entries (spec/indexes.md, 4).

An operator who leaves an entry out of his index answers "all transfers of this case" without it, and the
answer proves itself. But the root is in the log: whoever has the whole log computes it, too. It costs as
much as all else in an audit, so a long log is left to a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final

from client.oversight.findings import Check, Findings
from shared.protocol.errors import ProtocolError
from shared.protocol.indexes import INDEX_ROOT, INDEX_ROOT_FIELD
from shared.protocol.indexroots import IndexRoots, Omission
from shared.protocol.scanning import Scanned

BATCH: Final = 4096  # leaves that are handed over at once
AHEAD: Final = 4  # batches that wait at most
LONG: Final = 100_000  # entries from which on a process of its own is worth its start

_TYPE: Final = INDEX_ROOT.encode()
_ROOT: Final = re.compile(b'"' + INDEX_ROOT_FIELD.encode() + b'":"([0-9a-f]{64})"')

Row = tuple[bytes | None, bytes | None]
"""A leaf's case and its peer, as they stand there."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the leaf at an index says: the root over so many leaves; None where it does not say it."""

    index: int
    size: int | None
    root: bytes | None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a root, and at which entry it stands."""

    index: int
    detail: str


@dataclass(slots=True)
class Recomputed:
    """The index as it must be, leaf by leaf, and what the log has said of it so far."""

    roots: IndexRoots = field(default_factory=IndexRoots)
    said: int = 0
    covered: int = 0
    named: bool = False

    def take(self, rows: Iterable[Row], claims: Iterable[Claim]) -> list[Flaw]:
        """Go on by some leaves, and check what they say of the index."""
        for case_ref, peer in rows:
            self.roots.add(_text(case_ref), _text(peer))
        return [Flaw(each.index, flaw) for each in claims for flaw in self._check(each)]

    def _check(self, claim: Claim) -> Iterable[str]:
        self.said += 1
        if claim.size is None or claim.root is None or claim.size > claim.index:
            yield "it says no root of the index of entries in front of it"
            return
        try:
            true = self.roots.root(claim.size)
        except ProtocolError as error:
            yield error.detail
            return
        self.covered = claim.size
        if true != claim.root:
            yield f"the index of the first {claim.size} entries has another root{self._why(claim.root)}"

    def _why(self, root: bytes) -> str:
        """What was left out; once, since what is left out stays out of all that follow."""
        omission = None if self.named else self.roots.omission(root)
        self.named = True
        return "" if omission is None else f": {_shown(omission)}"


@dataclass(slots=True)
class IndexCheck:
    """The check, fed with every leaf in turn. `long` leaves are many enough for another process."""

    long: int = LONG
    batch: int = BATCH
    _rows: list[Row] = field(default_factory=list)
    _claims: list[Claim] = field(default_factory=list)
    _here: Recomputed = field(default_factory=Recomputed)
    _beside: ProcessPoolExecutor | None = None
    _running: list[Future[list[Flaw]]] = field(default_factory=list)

    def begin(self, entries: int) -> None:
        """Make ready for so many entries more."""
        if entries >= self.long and self._beside is None and self._here.roots.size == 0:
            self._beside = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def add(self, leaf: Scanned | None, index: int, findings: Findings) -> None:
        """Take the next leaf; None if it could not be read."""
        self._rows.append((None, None) if leaf is None else (leaf.case_ref, leaf.peer))
        if leaf is not None and leaf.type == _TYPE:
            self._claims.append(_claim(index, leaf))
        if len(self._rows) >= self.batch:
            self._hand_over(findings)

    def finish(self, size: int, findings: Findings) -> None:
        """Wait for what is under way, and say what was looked at."""
        self._hand_over(findings)
        self._collect(0, findings)
        said, covered = (
            (self._here.said, self._here.covered)
            if self._beside is None
            else self._beside.submit(_count).result()
        )
        newest = f", the newest over {covered} of {size} entries" if said else ""
        findings.details[Check.INDEX] = f"{said} roots{newest}"

    def _hand_over(self, findings: Findings) -> None:
        rows, claims, self._rows, self._claims = self._rows, self._claims, [], []
        if self._beside is None:
            _tell(self._here.take(rows, claims), findings)
        else:
            self._running.append(self._beside.submit(_take, rows, claims))
            self._collect(AHEAD, findings)

    def _collect(self, left: int, findings: Findings) -> None:
        while len(self._running) > left:
            _tell(self._running.pop(0).result(), findings)


_recomputed: Final = Recomputed()
"""Of the one log that this process works for, if it was started by a check."""


def _take(rows: Sequence[Row], claims: Sequence[Claim]) -> list[Flaw]:
    return _recomputed.take(rows, claims)


def _count() -> tuple[int, int]:
    return _recomputed.said, _recomputed.covered


def _tell(flaws: Iterable[Flaw], findings: Findings) -> None:
    for each in flaws:
        findings.fail(Check.INDEX, f"entry {each.index}", each.detail)


def _claim(index: int, leaf: Scanned) -> Claim:
    root = _ROOT.search(leaf.commit)
    return Claim(
        index,
        None if leaf.counted is None else int(leaf.counted),
        root and bytes.fromhex(root[1].decode()),
    )


def _text(octets: bytes | None) -> str | None:
    return None if octets is None else octets.decode()


def _shown(omission: Omission) -> str:
    entries = "entry" if len(omission.indices) == 1 else "entries"
    indices = ", ".join(map(str, omission.indices[:10]))
    more = f" and {len(omission.indices) - 10} more" if len(omission.indices) > 10 else ""  # noqa: PLR2004
    keys = " and ".join(_named(each) for each in omission.names)
    return f"{entries} {indices}{more} left out of {keys}"


def _named(name: str) -> str:
    return f"peer {name}" if len(name) == len("XX") else f"case {name}"
