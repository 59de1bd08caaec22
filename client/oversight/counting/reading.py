"""Read the logs of a country for statistics: what is counted is proven to stand in the signed tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from client.errors import StateError, VerificationFailedError
from client.oversight.audit import begin
from client.oversight.counting.docket import Docket
from client.oversight.counting.facts import facts
from client.oversight.counting.lists import lists
from client.oversight.findings import Findings
from client.oversight.mirror import Mirror
from client.oversight.proving import Mirrored
from client.oversight.tree import Tree, read_entries
from shared.protocol.canonical import Json, b64
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import FormatError
from shared.protocol.scanning import Four, Scanned, scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What was counted of one log.

    Attributes:
        origin: its name.
        country: whose it is.
        counted: how many entries, from the first on.
        unreadable: entries among them that are no leaf.
        size, root, checkpoint: the signed tree that they stand in.
    """

    origin: str
    country: str
    counted: int
    unreadable: int
    size: int
    root: str
    checkpoint: str

    def to_json(self) -> dict[str, Json]:
        """Give it for programs."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The cases of a year, and the logs that tell of them, in their order."""

    year: int
    docket: Docket
    ranges: Sequence[Range]
    linked: bool  # whether one case has one pseudonym in all of the logs

    @property
    def since(self) -> int:
        """The first second of the year."""
        return first_second(self.year)

    @property
    def country(self) -> str:
        """Whose logs they are."""
        return self.ranges[0].country


def first_second(year: int) -> int:
    """Give the first second of a calendar year, in UTC."""
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def read_logs(
    mirrors: Sequence[Mirror],
    *,
    pinned_root: bytes,
    year: int,
    notes: Mapping[str, str] | None = None,
) -> Counted:
    """Read one or several mirrored logs of one country for the numbers of a year.

    Args:
        mirrors: of logs that follow each other, the oldest first.
        pinned_root: of the directory.
        year: entries after it do not count; those before it tell which cases were open.
        notes: by origin, a checkpoint whose tree is to be counted, if not the newest.

    Raises:
        VerificationFailedError: the entries do not make up the signed tree.
        StateError: the logs are of several countries, do not follow each other, or are too short.
        ProtocolError: the directory or a checkpoint does not hold.
    """
    docket = Docket(until=first_second(year + 1), tolerated=lists().policy.skew_seconds)
    ranges, before, keys = list[Range](), 0, set[bytes]()
    for mirror in mirrors:
        _, named, newest = begin(mirror, pinned_root, Findings())
        note = (notes or {}).get(newest.checkpoint.origin, newest.note)
        stated = named.verify_any(note)
        _check_held(stated, newest)
        read = _Reading(docket=docket, limit=stated.size, before=before)
        read.take(newest)
        if ranges:
            _check_follows(ranges[-1], read.opened and read.opened.peer_receipt, named.country)
        keys.add(read.opened.commit if read.opened else b"")
        ranges.append(
            Range(
                origin=stated.origin,
                country=named.country,
                counted=read.counted,
                unreadable=read.unreadable,
                size=stated.size,
                root=b64(stated.root),
                checkpoint=note,
            )
        )
        before += stated.size
    return Counted(year=year, docket=docket, ranges=ranges, linked=len(keys) == 1)


def _check_held(stated: Checkpoint, newest: Mirrored) -> None:
    """Check that a mirror holds the tree that is to be counted.

    Raises:
        StateError: it is not so long.
        VerificationFailedError: it begins with other entries.
    """
    if stated.size > newest.checkpoint.size:
        raise StateError(
            f"the mirror of {stated.origin} has {newest.checkpoint.size} entries;"
            f" {stated.size} are to be counted",
            code="mirror_too_short",
            next_step="pull it again",
        )
    if newest.root(stated.size) != stated.root:
        raise VerificationFailedError(
            f"the first {stated.size} entries of {stated.origin} are others in this mirror",
            code="inconsistent_log",
            next_step="keep both, and show them to the other overseers: the log has two histories",
        )


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One log while it is read; `before` entries came in the logs before it."""

    docket: Docket
    limit: int
    before: int
    opened: Scanned | None = None
    counted: int = 0
    unreadable: int = 0

    def take(self, newest: Mirrored) -> None:
        """Read all entries, check that they make up the tree, count those below the limit."""
        findings, counted = Findings(), self.docket.counted
        for index, body in read_entries(newest.mirror, newest.checkpoint, Tree(), findings):
            if index < self.limit:
                self._add(index, body)
        self.counted = self.docket.counted - counted
        if findings.failures:
            first = findings.failures[0]
            raise VerificationFailedError(
                f"{first.place}: {first.detail}",
                code="inconsistent_log",
                next_step="rogatory audit verify says all that is wrong; nothing was counted",
            )

    def _add(self, index: int, body: bytes) -> None:
        try:
            if index == 0:
                self.opened = scan(body)
            self.docket.add(self.before + index, facts(body))
        except FormatError:
            self.unreadable += 1


def _check_follows(before: Range, end: Four | None, country: str) -> None:
    """Check that a log says of itself that it goes on where the one before it ended.

    Raises:
        StateError: it does not.
    """
    told = None if end is None else (end[1].decode(), end[2].decode(), int(end[3]), country)
    if told != (before.origin, before.root, before.size, before.country):
        raise StateError(
            f"the next log does not go on where {before.origin} ended",
            code="logs_do_not_follow",
            next_step="name the mirrors of one country from the oldest to the newest",
        )
