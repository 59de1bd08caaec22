"""Every attack of the table, against each edge."""

import pytest

from tests.attacks import assertions, calls, forms, traces, wire
from tests.attacks.stage import Stage
from tests.attacks.table import Attack

ROWS = [*assertions.ROWS, *forms.ROWS, *calls.ROWS, *wire.ROWS, *traces.ROWS]
QUICK = [row for row in ROWS if not row.slow]
SLOW = [row for row in ROWS if row.slow]


def play(stage: Stage, row: Attack[Stage]) -> None:
    expected = row.behind.split() if row.behind and stage.edge != "embedded" else [row.expected]
    assert row.act(stage) in expected


@pytest.mark.parametrize("row", QUICK, ids=[row.id for row in QUICK])
def test_attack(stage: Stage, row: Attack[Stage]) -> None:
    play(stage, row)


@pytest.mark.soak
@pytest.mark.parametrize("row", SLOW, ids=[row.id for row in SLOW])
def test_slow_attack(stage: Stage, row: Attack[Stage]) -> None:
    play(stage, row)
