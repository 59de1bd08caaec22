"""The steps of every case that a log tells of, packed: 100,000 cases of twenty steps must fit into memory.

A step is what statistics read of an entry, and no more: its type, its reason, its time, its package. A
transfer's type has the type of the channel entry behind it: `transfer.received/request`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from typing import Final, NamedTuple

from client.oversight.counting.facts import Facts
from client.oversight.counting.ordering import RANKS, rank
from shared.protocol.leaves import TRANSFER_INTENT, TRANSFER_RECEIVED, parse_time

SENT: Final = f"{TRANSFER_INTENT}/request"
ARRIVED: Final = f"{TRANSFER_RECEIVED}/request"
RELEASED: Final = f"{TRANSFER_INTENT}/package"

_TRANSFERS: Final = frozenset({TRANSFER_INTENT.encode(), TRANSFER_RECEIVED.encode()})
_REQUESTS: Final = frozenset({b"request", b"acknowledgement", b"decision"})
_DRAFTING: Final = frozenset(
    {
        b"package.case_added", b"package.changed", b"package.item_declared", b"package.item_removed",
        b"request.changed",
    }
)  # fmt: skip
"""What is done to a draft says nothing that is counted, and is most of a log."""
_ROW: Final = Struct("<QHIIIIHQ")
_FIRST: Final = itemgetter(0)
_PLACES: Final = len("2026-01-01T00:00:")
_SECONDS: Final = slice(_PLACES, _PLACES + 2)
_MILLISECONDS: Final = slice(len("2026-01-01T00:00:00."), -1)


class Step(NamedTuple):
    """What one entry says of a case.

    `time` is when the log dated the entry, in seconds since 1970; `at` is the entry's index, `order` its
    place in the course of the case (`ordering`); `package` is a number that stands for its transfer id;
    `reason` of a reading of the log is what was read.
    """

    kind: str
    reason: str | None
    time: int
    at: int
    order: int
    package: int | None
    number: int | None
    peer: str | None


@dataclass(slots=True)
class Folder:
    """One case while the log is read."""

    steps: bytearray = field(default_factory=bytearray)
    peer: str | None = None
    request: str | None = None


@dataclass(slots=True)
class _Names:
    """Words as numbers, from 1; 0 is none."""

    numbers: dict[bytes | None, int] = field(default_factory=lambda: {None: 0})
    words: list[str | None] = field(default_factory=lambda: [None])

    def number(self, word: bytes | None) -> int:
        known = self.numbers.get(word)
        if known is None:
            known = self.numbers[word] = len(self.words)
            self.words.append((word or b"").decode())
        return known


@dataclass(slots=True, kw_only=True)
class Docket:
    """All cases of one or several logs of a country, in the order of the log.

    Attributes:
        until: entries from this second on do not count.
        folders: by the pseudonym of the case.
        others: steps that are of no case.
        last: when the last entry that counts was dated.
        skew: entries whose event is dated further than `tolerated` from them, and the largest gap.
    """

    until: int
    tolerated: int = 300
    folders: dict[bytes, Folder] = field(default_factory=dict)
    others: Folder = field(default_factory=Folder)
    skew: tuple[int, int] = (0, 0)
    counted: int = 0
    last: int = 0
    _words: dict[tuple[bytes, bytes | None, bytes | None], tuple[int, int, int]] = field(
        default_factory=dict
    )
    _kinds: _Names = field(default_factory=_Names)
    _reasons: _Names = field(default_factory=_Names)
    _packages: _Names = field(default_factory=_Names)
    _peers: _Names = field(default_factory=_Names)

    def add(self, index: int, leaf: Facts) -> None:
        """Take the next entry. `index` goes on from one log to the next.

        Raises:
            FormatError: one of its times is none.
        """
        time = happened = seconds(leaf.seq_time)
        if leaf.event_time[:_PLACES] != leaf.seq_time[:_PLACES]:
            happened = seconds(leaf.event_time)
        else:
            happened += int(leaf.event_time[_SECONDS]) - int(leaf.seq_time[_SECONDS])
        if time >= self.until:
            return
        self.counted, self.last = self.counted + 1, time
        if abs(happened - time) > self.tolerated:
            self.skew = self.skew[0] + 1, max(self.skew[1], abs(happened - time))
        if leaf.type in _DRAFTING:
            return
        entry_type = leaf.entry_type if leaf.type in _TRANSFERS else None
        kind, reason, rank = self._word(leaf.type, entry_type, leaf.reason or leaf.outcome)
        self._folder(leaf).steps += _ROW.pack(
            (happened * 1000 + int(leaf.event_time[_MILLISECONDS])) * RANKS + rank,
            kind,
            reason,
            time,
            index,
            self._packages.number(leaf.transfer_id),
            self._peers.number(leaf.peer),
            0 if leaf.number is None else int(leaf.number) + 1,
        )

    def _word(
        self, kind: bytes, entry_type: bytes | None, reason: bytes | None
    ) -> tuple[int, int, int]:
        """Give the numbers of a type and a reason, and the place of a step of them."""
        key = kind, entry_type, reason
        known = self._words.get(key)
        if known is None:
            whole = kind if kind not in _TRANSFERS else kind + b"/" + (entry_type or b"")
            place = rank(whole.decode(), reason and reason.decode())
            known = self._kinds.number(whole), self._reasons.number(reason), place
            self._words[key] = known
        return known

    def _folder(self, leaf: Facts) -> Folder:
        if leaf.case_ref is None:
            return self.others
        folder = self.folders.get(leaf.case_ref)
        if folder is None:
            folder = self.folders[leaf.case_ref] = Folder()
        if leaf.peer and folder.peer is None:
            folder.peer = leaf.peer.decode()
        if folder.request is None and leaf.entry_type in _REQUESTS and leaf.transfer_id:
            folder.request = leaf.transfer_id.decode()
        return folder

    def steps(self, folder: Folder) -> list[Step]:
        """Unpack the steps of a folder, in the order in which they happened."""
        kinds, reasons, peers = self._kinds.words, self._reasons.words, self._peers.words
        rows = sorted(_ROW.iter_unpack(folder.steps), key=_FIRST)
        return [
            Step(kinds[kind] or "", reasons[reason], time, index, order, package or None,
                 count - 1 if count else None, peers[peer] or folder.peer)
            for order, (_, kind, reason, time, index, package, peer, count) in enumerate(rows)
        ]  # fmt: skip

    def package(self, number: int) -> str:
        """Give the transfer id behind a step's number."""
        return self._packages.words[number] or ""

    def kinds(self) -> frozenset[str]:
        """Name every type that was seen."""
        return frozenset(filter(None, self._kinds.words))


def seconds(time: bytes) -> int:
    """Give a leaf's time as seconds since 1970, the rest cut off.

    Raises:
        FormatError: there is no such time.
    """
    return _minute(time[:_PLACES]) + int(time[_SECONDS])


@lru_cache(maxsize=4096)
def _minute(front: bytes) -> int:
    return int(parse_time(f"{front.decode()}00.000Z").timestamp())
