"""The specification of statistics is written from the list of what is counted."""

from tests.repository.statistics_table import FILE, render


def test_the_tables_are_those_of_the_list() -> None:
    text = FILE.read_text()
    assert render(text) == text
