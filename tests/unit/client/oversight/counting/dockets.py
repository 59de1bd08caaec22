"""Dockets without a log: what was told, as the reader of facts would say it."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import timedelta

from client.oversight.counting.casefile import Case
from client.oversight.counting.docket import Docket
from client.oversight.counting.facts import Facts
from client.oversight.counting.following import cases
from client.oversight.counting.reading import Counted, Range, first_second
from client.oversight.counting.yearly import Report, report
from shared.protocol.leaves import format_time
from tests.year_log import Story, Told

YEAR = 2026
RANGE = Range(
    origin="log.qm.example/2026",
    country="QM",
    counted=9,
    unreadable=0,
    size=9,
    root="cm9vdA==",
    checkpoint="note",
)


def facts_of(told: Told, *, late: timedelta = timedelta()) -> Facts:
    """The leaf of what was told; `late`: how long the log took to date it."""
    kind, _, entry_type = told.kind.partition("/")
    case = (
        None
        if told.case is None
        else hmac.digest(b"k" * 32, told.case.encode(), "sha256").hex().encode()
    )
    return Facts(
        type=kind.encode(),
        seq_time=format_time(told.at).encode(),
        event_time=format_time(told.at - late).encode(),
        entry_type=entry_type.encode() or None,
        peer=_octets(told.peer),
        case_ref=case,
        reason=_octets(told.reason),
        outcome=_octets(told.outcome),
        number=None if told.count is None else b"%d" % told.count,
        transfer_id=(told.package or told.case or "").encode() or None,
    )


def _octets(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def docket_of(told: Iterable[Told], *, year: int = YEAR) -> Docket:
    docket = Docket(until=first_second(year + 1))
    for index, each in enumerate(sorted(told, key=lambda each: each.at)):
        docket.add(index, facts_of(each))
    return docket


def read_of(*stories: Story | Told, year: int = YEAR) -> Counted:
    docket = docket_of(_flat(stories), year=year)
    return Counted(year=year, docket=docket, ranges=[RANGE], linked=True)


def case_of(*stories: Story | Told, year: int = YEAR) -> Case:
    (case,) = cases(docket_of(_flat(stories), year=year), first_second(year))
    return case


def numbers(*stories: Story | Told, year: int = YEAR) -> dict[str, dict[tuple[str, str], str]]:
    """Every cell that is not zero or empty, by table, row and column; nothing hidden."""
    return cells(report(read_of(*stories, year=year), below=0))


def cells(made: Report) -> dict[str, dict[tuple[str, str], str]]:
    return {
        each.told.id: {
            key: cell.shown(made.below)
            for key, cell in each.table.cells.items()
            if cell.shown(made.below) not in {"0", "-"}
        }
        for _, tables in made.metrics
        for each in tables
    }


def _flat(stories: Iterable[Story | Told]) -> Iterator[Told]:
    for each in stories:
        yield from each.told if isinstance(each, Story) else [each]
