"""The specification of the lifecycle is written from the tables of the code."""

from tests.repository.lifecycle_table import FILE, render


def test_the_specification_is_written_from_the_tables() -> None:
    text = FILE.read_text()
    assert text == render(text), "run: python -m tests.repository.lifecycle_table"
    assert text.count("| T") >= 32  # every transition
