"""What a question is answered from, and what an answer is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from client.oversight.counting.casefile import Case
from client.oversight.counting.docket import Step
from client.oversight.counting.following import cases
from client.oversight.counting.people import People
from client.oversight.counting.reading import Counted
from client.oversight.mirror import Mirror

DAY: Final = 86_400
HOUR: Final = 3600
_SHORT: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The logs of a year, and what else there may be.

    Attributes:
        read: the logs.
        people: what was opened.
        mirrors: of the logs; the last is the newest.
        other: the mirror of another country's log, or another overseer's of the same.
        pinned_root: of the directory.
        sample: how many requests a random sample has.
    """

    read: Counted
    people: People
    mirrors: Sequence[Mirror]
    other: Mirror | None
    pinned_root: bytes
    sample: int

    def cases(self) -> Iterator[Case]:
        """Give every case."""
        return cases(self.read.docket, self.read.since)

    def loose(self) -> Iterator[Step]:
        """Give the steps of the year that are of no case."""
        docket = self.read.docket
        return (step for step in docket.steps(docket.others) if step.time >= self.read.since)

    def package(self, step: Step) -> str:
        """Name the package, or request, of a step."""
        return self.read.docket.package(step.package) if step.package else "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer: in a sentence, and the rows that it rests on."""

    says: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = field(default=())


Query = Callable[[Asked], Found]


def name(case: Case) -> str:
    """Name a case: by the request's id, or by its pseudonym."""
    return case.request or case.ref[:_SHORT]


def when(time: int) -> str:
    """Write a time, in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")


def share(part: int, whole: int) -> str:
    """Write a share in percent."""
    return f"{part * 100 // whole} %" if whole else "0 %"


def tallied(counts: Counter[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Write counts as rows, the largest first."""
    rows = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [(*key, str(number)) for key, number in rows]


def summed(what: str, rows: Sequence[object]) -> str:
    """Say how many there are."""
    return f"{what}: {len(rows) or 'none'}"


def places(steps: Iterable[Step]) -> str:
    """Name entries of the log."""
    return ", ".join(str(step.at) for step in steps) or "-"
