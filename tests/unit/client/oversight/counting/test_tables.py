"""No published cell tells of fewer than five, and none can be computed from its line."""

from hypothesis import given
from hypothesis import strategies as st

from client.oversight.counting.tables import TOTAL, Table, counted, days, measured, publishable

BELOW = 5


def table(columns: dict[str, list[int]], *, adds: bool = True) -> Table:
    values = {
        (f"r{row}", name): [number]
        for name, numbers in columns.items()
        for row, number in enumerate(numbers)
    }
    return counted(values, list(columns), adds=adds)


def shown(made: Table) -> list[list[str]]:
    return [[made.cells[row, each].shown(BELOW) for each in made.columns] for row in made.rows]


def test_rows_add_up_to_a_total() -> None:
    assert shown(table({"a": [5, 7], "b": [0, 9]})) == [["5", "0"], ["7", "9"], ["12", "9"]]
    assert table({"a": [5, 7]}, adds=False).rows == ["r0", "r1"]
    assert table({"a": []}).rows == []


def test_a_small_cell_is_hidden_and_the_next_larger_with_it() -> None:
    hidden = publishable(table({"a": [3, 7, 20]}), BELOW)
    assert shown(hidden) == [["<5"], ["hidden"], ["20"], ["30"]]


def test_two_small_cells_hide_each_other() -> None:
    assert shown(publishable(table({"a": [3, 2, 20]}), BELOW)) == [["<5"], ["<5"], ["20"], ["25"]]


def test_one_row_and_its_total_are_hidden_together() -> None:
    assert shown(publishable(table({"a": [3]}), BELOW)) == [["<5"], ["<5"]]
    assert shown(publishable(table({"a": [0]}), BELOW)) == [["0"], ["0"]]


@given(st.lists(st.lists(st.integers(0, 12), min_size=4, max_size=4), min_size=1, max_size=4))
def test_no_line_betrays_a_hidden_cell(columns: list[list[int]]) -> None:
    made = table({f"c{n}": numbers for n, numbers in enumerate(columns)})
    hidden = publishable(made, BELOW)
    for key, cell in hidden.cells.items():
        assert cell.hidden or cell.number == 0 or cell.number >= BELOW, key
    for line in hidden.lines:
        assert sum(hidden.cells[key].hidden for key in line) != 1


def test_times_are_days_of_so_many() -> None:
    made = measured({("r", "a"): [86_400, 3 * 86_400, 8 * 86_400]}, ["a", "b"], "days")
    assert shown(made) == [["4.0 d (median 3.0 d, of 3)", "-"]]
    assert shown(publishable(made, BELOW)) == [["hidden", "-"]]


def test_sums_of_money_are_hidden_by_how_many_they_are_of() -> None:
    made = measured({("EUR", "a"): [100] * 5, ("EUR", "b"): [7000]}, ["a", "b"], "sum")
    assert shown(publishable(made, BELOW)) == [["500", "hidden"]]


def test_a_time_has_one_decimal_in_days_or_hours() -> None:
    times = [days(seconds) for seconds in (0, 43_200, 86_399, 86_400, 10 * 86_400)]
    assert times == ["0.0 h", "12.0 h", "24.0 h", "1.0 d", "10.0 d"]


def test_programs_get_numbers_as_numbers() -> None:
    told = publishable(table({"a": [3, 7, 20]}), BELOW).to_json(BELOW)
    assert told["rows"] == [
        {"row": "r0", "cells": ["<5"]},
        {"row": "r1", "cells": ["hidden"]},
        {"row": "r2", "cells": [20]},
        {"row": TOTAL, "cells": [30]},
    ]
