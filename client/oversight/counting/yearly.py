"""The yearly report: every metric, from which entries it was counted, and what to read beside it.

It is a function of the logs and the year alone, so that whoever has the logs makes the same octets again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from client.oversight.counting import caseload, orders, safeguards
from client.oversight.counting.casefile import Case
from client.oversight.counting.following import cases
from client.oversight.counting.lists import Lists, MetricList, TableList, is_told, lists
from client.oversight.counting.reading import Counted, Range
from client.oversight.counting.tables import Key, Table, counted, measured, publishable
from shared.protocol.canonical import Json

RULES: Final = (*caseload.RULES, *orders.RULES, *safeguards.RULES)
COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    **caseload.COLUMNS,
    **orders.COLUMNS,
    **safeguards.COLUMNS,
}
_FIXED: Final = {"O01": caseload.SIDES}
UNTOLD: Final = (
    "These logs have no entry of the types that this is counted from: that is not a zero."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One table of the report; `untold`: the logs have nothing that it could be counted from."""

    told: TableList
    table: Table
    untold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The numbers of a year.

    Attributes:
        below: cells from 1 to one less are hidden; 0 in a report that is not for publication.
        notes: what was corrected or left out in counting.
    """

    country: str
    year: int
    below: int
    ranges: Sequence[Range]
    metrics: Sequence[tuple[MetricList, Sequence[Shown]]]
    notes: Sequence[str]
    lists: Lists

    def to_json(self) -> dict[str, Json]:
        """Give it for programs."""
        return {
            "v": 1,
            "kind": "oversight-report",
            "country": self.country,
            "year": self.year,
            "times": "calendar year in UTC, by the time at which the log dated each entry",
            "logs": [each.to_json() for each in self.ranges],
            "suppressed_below": self.below,
            "definitions": {"revision": self.lists.revision, "sha256": self.lists.sha256},
            "metrics": [self._metric(metric, tables) for metric, tables in self.metrics],
            "notes": [*self.notes],
        }

    def _metric(self, metric: MetricList, tables: Sequence[Shown]) -> dict[str, Json]:
        return {
            "id": metric.id,
            "title": metric.title,
            "source": metric.source,
            "note": metric.note,
            "tables": [
                {
                    "id": each.told.id,
                    "title": each.told.title,
                    "counts": each.told.counts,
                    "events": [*each.told.events],
                    "told": not each.untold,
                    **each.table.to_json(self.below),
                }
                for each in tables
            ],
        }


def report(read: Counted, *, below: int) -> Report:
    """Count a year."""
    values: dict[str, dict[Key, list[int]]] = defaultdict(lambda: defaultdict(list))
    corrections = _Corrections()
    for case in cases(read.docket, read.since):
        corrections.take(case)
        for rule in RULES:
            for table, row, column, value in rule(case):
                values[table][row, column].append(value)
    loose = read.docket.steps(read.docket.others)
    for table, row, column, value in safeguards.loose(loose, read.since):
        values[table][row, column].append(value)
    seen, known = read.docket.kinds(), lists()
    return Report(
        country=read.country,
        year=read.year,
        below=below,
        ranges=read.ranges,
        metrics=[
            (metric, [_shown(each, values[each.id], seen, below) for each in metric.tables])
            for metric in known.metrics
        ],
        notes=[*corrections.notes(below), *_reading_notes(read)],
        lists=known,
    )


def _shown(
    told: TableList, values: Mapping[Key, Sequence[int]], seen: frozenset[str], below: int
) -> Shown:
    columns = COLUMNS[told.id]
    if told.show == "count":
        table = counted(values, columns, adds=told.adds, rows=_FIXED.get(told.id, ()))
    else:
        table = measured(values, columns, told.show)
    if told.id == "O01":  # what was and came is what went and is
        lines = [[(row, each) for each in columns] for row in table.rows]
        table = Table(rows=table.rows, columns=columns, cells=table.cells, lines=lines)
    if below:
        table = publishable(table, below)
    return Shown(told=told, table=table, untold=not is_told(seen, told.events))


@dataclass(slots=True)
class _Corrections:
    """What makes the caseload reconcile, counted so that it can be said."""

    before: int = 0
    reopened: int = 0
    unsent: int = 0
    sideless: int = 0

    def take(self, case: Case) -> None:
        """Note what a case adds."""
        self.before += bool(case.spells) and not case.spells[0].began
        self.reopened += any(each.began >= case.since for each in case.spells[1:])
        self.unsent += not case.spells
        self.sideless += bool(case.spells) and case.side is None

    def notes(self, below: int) -> Iterator[str]:
        """Say it; a small number is hidden here, too."""
        for number, text in (
            (
                self.before,
                "Cases that began before the first of these logs, open when the year began",
            ),
            (
                self.reopened,
                "Cases that were refused and opened again in the year: each as reopened",
            ),
            (self.unsent, "Requests that were never sent; they are drafts and count nowhere"),
            (self.sideless, "Cases that show no request sent or received; not in the caseload"),
        ):
            if number:
                yield f"{text}: {number if number >= below else f'<{below}'}."


def _reading_notes(read: Counted) -> Iterator[str]:
    if not read.linked:
        yield (
            "The logs give cases pseudonyms under different keys: a case that goes on from one to the next"
            " counts as one that began before these logs."
        )
    for each in read.ranges:
        if each.unreadable:
            yield f"Entries of {each.origin} that are no leaves and count nowhere: {each.unreadable}."
    number, largest = read.docket.skew
    if number:
        yield f"Entries dated up to {largest} seconds from the event that they tell: {number}."
