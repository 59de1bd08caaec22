"""Tables of numbers, and what of them may be published: no cell tells of fewer than five.

A cell of 1 to 4 is hidden. So that nobody can compute it from the rest, each line of cells that add up (a
column with its total, a row that reconciles) has no or at least two hidden cells: the smallest other
number of the line is hidden with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Literal

from shared.protocol.canonical import Json

TOTAL: Final = "all"
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR

Key = tuple[str, str]
"""Row and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number, or a text that was computed from `number` cases, or from such an amount."""

    number: int
    text: str | None = None
    hidden: bool = False

    def shown(self, below: int) -> str:
        """Write it for people."""
        if self.hidden:
            return "hidden" if self.number >= below or self.text else f"<{below}"
        return self.text if self.text is not None else str(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its rows and columns in order, its cells, the lines of them that add up."""

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Mapping[Key, Cell]
    lines: Sequence[Collection[Key]] = ()

    def to_json(self, below: int) -> dict[str, Json]:
        """Give it for programs: numbers as numbers, all else as text."""
        return {
            "columns": [*self.columns],
            "rows": [
                {"row": row, "cells": [_plain(self.cells[row, each], below) for each in self.columns]}
                for row in self.rows
            ],
        }  # fmt: skip


def _plain(cell: Cell, below: int) -> Json:
    return cell.number if cell.text is None and not cell.hidden else cell.shown(below)


def counted(
    values: Mapping[Key, Sequence[int]],
    columns: Sequence[str],
    *,
    adds: bool,
    rows: Sequence[str] = (),
) -> Table:
    """Make a table of sums; with a row for all of them if they add up."""
    names = _rows(values, rows)
    cells = {
        (row, each): Cell(number=sum(values.get((row, each), ())))
        for row in names
        for each in columns
    }
    lines: list[Collection[Key]] = []
    if adds and names:
        for each in columns:
            total = sum(cells[row, each].number for row in names)
            cells[TOTAL, each] = Cell(number=total)
            lines.append([(row, each) for row in (*names, TOTAL)])
        names = [*names, TOTAL]
    return Table(rows=names, columns=columns, cells=cells, lines=lines)


def measured(
    values: Mapping[Key, Sequence[int]], columns: Sequence[str], show: Literal["days", "sum"]
) -> Table:
    """Make a table of times in days, or of sums of money; a cell's number is how many there were."""
    write = _days if show == "days" else _amount
    names = _rows(values, ())
    cells = {
        (row, each): Cell(number=len(values.get((row, each), ())), text=write(values.get((row, each), ())))
        for row in names
        for each in columns
    }  # fmt: skip
    return Table(rows=names, columns=columns, cells=cells)


def publishable(table: Table, below: int) -> Table:
    """Hide what tells of too few."""
    hidden = {key for key, cell in table.cells.items() if 0 < cell.number < below}
    changed = True
    while changed:
        changed = False
        for line in table.lines:
            alone = [key for key in line if key in hidden]
            others = [key for key in line if key not in hidden and table.cells[key].number]
            if len(alone) == 1 and others:
                hidden.add(min(others, key=lambda key: (table.cells[key].number, key)))
                changed = True
    cells = {key: replace(cell, hidden=key in hidden) for key, cell in table.cells.items()}
    return replace(table, cells=cells)


def _rows(values: Iterable[Key], fixed: Sequence[str]) -> list[str]:
    return [*fixed, *sorted({row for row, _ in values} - set(fixed))]


def days(seconds: int) -> str:
    """Write a time in days with one decimal; in hours if it is less than a day."""
    unit, sign = (_DAY, "d") if seconds >= _DAY else (_HOUR, "h")
    tenths = (seconds * 10 + unit // 2) // unit
    return f"{tenths // 10}.{tenths % 10} {sign}"


def _days(values: Sequence[int]) -> str:
    if not values:
        return "-"
    average = sum(values) // len(values)
    return f"{days(average)} (median {days(int(median(values)))}, of {len(values)})"


def _amount(values: Sequence[int]) -> str:
    return str(sum(values)) if values else "-"
