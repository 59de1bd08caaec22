"""Stage follows on stage as the table says; what suspends depends on the profile."""

import itertools

import pytest

from shared.protocol.law.remedies import STEPS, Stage, WrongStageError, first, step
from shared.protocol.law.shapes import Suspends

PAIRS = list(itertools.product(Stage, Stage))


@pytest.mark.parametrize(("stage", "to"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_every_pair(stage: Stage, to: Stage) -> None:
    if to in STEPS.get(stage, ()):
        assert step(stage, to, "BY_ORDER") is to
        return
    with pytest.raises(WrongStageError) as refused:
        step(stage, to, "BY_ORDER")
    assert refused.value.facts == {"stage": str(stage)}


@pytest.mark.parametrize(
    ("suspends", "begins"),
    [("BY_LAW", Stage.SUSPENSIVE), ("BY_ORDER", Stage.LODGED), ("NO", Stage.LODGED)],
)
def test_by_law_it_suspends_from_the_start(suspends: Suspends, begins: Stage) -> None:
    assert first(suspends) is begins


def test_where_nothing_suspends_no_order_does() -> None:
    with pytest.raises(WrongStageError):
        step(Stage.ADMITTED, Stage.SUSPENSIVE, "NO")
    assert step(Stage.ADMITTED, Stage.NOT_SUSPENSIVE, "NO") is Stage.NOT_SUSPENSIVE
