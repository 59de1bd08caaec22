"""Lifecycle and the machines beside it: their specifications are written from the tables of the code."""

from pathlib import Path

import pytest

from tests.repository.lifecycle_table import FILES, render


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_specification_is_written_from_the_tables(file: Path) -> None:
    text = file.read_text()
    assert text == render(text), "run: python -m tests.repository.lifecycle_table"
    assert text.count("<!-- end -->") >= 3


def test_every_transition_is_told() -> None:
    assert FILES[0].read_text().count("| T") >= 32
