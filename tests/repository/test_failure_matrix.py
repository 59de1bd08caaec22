"""tests/FAILURES.md names a test for every case of the failure matrix, and each of them exists."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MATRIX = (TESTS / "FAILURES.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", MATRIX)))


def numbers() -> list[int]:
    found: list[int] = []
    for row in re.findall(r"^\| F(\d+)(?:-F(\d+))? \|.*::", MATRIX, re.MULTILINE):
        first, last = int(row[0]), int(row[1] or row[0])
        found += range(first, last + 1)
    return found


def test_every_case_has_a_row_with_a_test() -> None:
    assert numbers() == list(range(1, 33))


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_every_test_that_is_named_exists(file: str, function: str) -> None:
    assert re.search(rf"^def {function}\(", (TESTS / file).read_text(), re.MULTILINE)
