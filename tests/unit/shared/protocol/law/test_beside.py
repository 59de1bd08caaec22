"""The machines beside a request's own: every pair of state and step, as the tables have it or refused."""

import itertools

import pytest

from shared.protocol.law import emergency, preservation
from shared.protocol.law.emergency import EmergencyState, EmergencyStep, WrongEmergencyError
from shared.protocol.law.preservation import (
    KEPT,
    PreservationState,
    PreservationStep,
    WrongPreservationError,
)

NIGHTS = list(itertools.product(EmergencyState, EmergencyStep))
KEEPS = list(itertools.product(PreservationState, PreservationStep))


@pytest.mark.parametrize(("state", "step"), NIGHTS, ids=[f"{a}-{b}" for a, b in NIGHTS])
def test_every_step_of_an_emergency(state: EmergencyState, step: EmergencyStep) -> None:
    if (state, step) in emergency.STEPS:
        assert emergency.advance(state, step) is emergency.STEPS[state, step]
        return
    with pytest.raises(WrongEmergencyError, match=step) as refused:
        emergency.advance(state, step)
    assert refused.value.facts == {"stage": str(state)}


@pytest.mark.parametrize(("state", "step"), KEEPS, ids=[f"{a}-{b}" for a, b in KEEPS])
def test_every_step_of_a_preservation(state: PreservationState, step: PreservationStep) -> None:
    if (state, step) in preservation.STEPS:
        assert preservation.advance(state, step) is preservation.STEPS[state, step]
        return
    with pytest.raises(WrongPreservationError, match=step) as refused:
        preservation.advance(state, step)
    assert refused.value.facts == {"stage": str(state)}


def test_nothing_is_acted_on_before_the_call_back() -> None:
    able = {state for state, step in emergency.STEPS if step is EmergencyStep.ACT}
    assert EmergencyState.FLAGGED not in able
    assert EmergencyState.UNCONFIRMED not in able


def test_what_has_ended_is_not_kept_and_never_begins_again() -> None:
    for state in set(PreservationState) - KEPT - {PreservationState.REQUESTED}:
        assert not [step for before, step in preservation.STEPS if before is state]
