"""Each metric: what happened, and the cells that it changes; every other cell of its tables is zero."""

import pytest

from tests.unit.client.oversight.counting.dockets import numbers
from tests.unit.client.oversight.counting.metric_rows import Rows
from tests.unit.client.oversight.counting.rows_caseload import CASELOAD
from tests.unit.client.oversight.counting.rows_safeguards import SAFEGUARDS
from tests.year_log import Story, Told

CASES = [*CASELOAD, *SAFEGUARDS]


@pytest.mark.parametrize(
    ("table", "told", "rows"),
    [pytest.param(table, told, rows, id=f"{table} {name}") for name, table, told, rows in CASES],
)
def test_it_counts_what_happened(table: str, told: list[Story | Told], rows: Rows) -> None:
    assert numbers(*told)[table] == {(row, column): value for row, column, value in rows}


@pytest.mark.parametrize(
    ("table", "told"), [pytest.param(case[1], case[2], id=f"{case[1]} {case[0]}") for case in CASES]
)
def test_a_year_later_it_counts_no_more(table: str, told: list[Story | Told]) -> None:
    """What is open is still open; what happened is not counted twice."""
    later = numbers(*told, year=2027)[table]
    lasting = {"O01", "O13-made", "O13-received", "O15"}
    assert not later or (
        table in lasting
        and {column for _, column in later}
        <= {"open at the start", "open at the end", "in all", "ongoing from before"}
        | {"31 to 90 days", "0 to 30 days", "began before these logs"}
    )


def test_every_table_has_a_case() -> None:
    assert {case[1] for case in CASES} == set(numbers())
