"""The table of attacks is whole: every number is played, and what plays it is there."""

import ast
from pathlib import Path

import pytest

from tests.attacks import assertions, calls, forms, nodes, traces, wire
from tests.attacks.shown import SHOWN
from tests.attacks.table import ALL, Shown

ROOT = Path(__file__).resolve().parents[2]
PLAYED = [
    row.number
    for rows in (assertions.ROWS, forms.ROWS, calls.ROWS, wire.ROWS, traces.ROWS, nodes.ROWS)
    for row in rows
]
UNPLAYED = ("skip", "skipif", "xfail")


def test_every_attack_is_played() -> None:
    assert set(PLAYED) | {shown.number for shown in SHOWN} == ALL


@pytest.mark.parametrize("shown", SHOWN, ids=[f"{each.number}-{each.test}" for each in SHOWN])
def test_a_test_that_is_named_is_there_and_runs(shown: Shown) -> None:
    file, name = shown.test.split("::")
    tree = ast.parse((ROOT / file).read_text())
    (test,) = [
        each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name
    ]
    marks = " ".join(map(ast.unparse, test.decorator_list))
    assert not any(f"mark.{mark}" in marks for mark in UNPLAYED)


def test_rows_have_names_of_their_own() -> None:
    for rows in (assertions.ROWS, forms.ROWS, calls.ROWS, wire.ROWS, traces.ROWS, nodes.ROWS):
        ids = [row.id for row in rows]
        assert len(ids) == len(set(ids))
