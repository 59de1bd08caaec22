"""The life of a request: every arrow leads where the table says; every other pair is refused."""

import itertools

import pytest

from shared.protocol.law import lifecycle
from shared.protocol.law.lifecycle import TRANSITIONS, Act, State, WrongStateError, advance, fold

PAIRS = list(itertools.product(State, Act))


@pytest.mark.parametrize(("state", "act"), PAIRS, ids=[f"{s}-{a}" for s, a in PAIRS])
def test_every_pair(state: State, act: Act) -> None:
    arrow = lifecycle.transition(act)
    if state in arrow.sources:
        assert advance(state, act) is (arrow.target or state)
        return
    with pytest.raises(WrongStateError) as refused:
        advance(state, act)
    assert refused.value.facts == {"state": str(state), "act": str(act)}
    assert str(state) in refused.value.detail


def test_the_table_has_each_arrow_once() -> None:
    assert [arrow.number for arrow in TRANSITIONS] == [f"T{n:02d}" for n in range(32)]
    assert len({arrow.act for arrow in TRANSITIONS}) == len(TRANSITIONS) == len(Act)


def test_a_request_lives_from_draft_to_closed() -> None:
    acts = (
        "SUBMIT RETURN AMEND SUBMIT APPROVE SEND DELIVER ACKNOWLEDGE REVIEW ASK ANSWER PROPOSE"
        " SETTLE ACCEPT EXECUTE POSTPONE RESUME ACCEPT EXECUTE SUSPEND LIFT FULFIL_IN_PART FULFIL CLOSE"
    )
    state = State.DRAFT
    for act in acts.split():
        state = advance(state, Act[act])
    assert state is State.CLOSED


def able(act: Act) -> set[State]:
    return {state for state in State if state in lifecycle.transition(act).sources}


def test_what_may_never_be() -> None:
    assert able(Act.SEND) == {State.APPROVED}
    assert able(Act.REFUSE) == {State.UNDER_REVIEW}
    assert able(Act.FULFIL_IN_PART) == {State.EXECUTING, State.PARTIALLY_FULFILLED}
    assert able(Act.LIFT) == able(Act.UPHOLD) == {State.SUSPENDED}
    assert able(Act.WITHDRAW) == {s for s in State if "S04" <= s <= "S16"} | {State.SUSPENDED}


def test_no_state_is_deleted_and_the_ends_are_ends() -> None:
    """After the end only reports are possible (T31), and new facts after a refusal (T29)."""
    for state in (State.CLOSED, State.WITHDRAWN, State.LAPSED):
        assert lifecycle.open_acts(state) == [Act.REPORT]
    assert lifecycle.open_acts(State.INADMISSIBLE) == []


@pytest.mark.parametrize(
    ("measures", "request_state"),
    [
        ("S07 S07", "S07"),
        ("S12 S12", "S12"),
        ("S10 S12", "S11"),
        ("S10 S07", "S07"),
        ("S14 S09", "S14"),
        ("S14 S16", "S15"),
        ("S15 S14", "S15"),
        ("S19 S14", "S14"),
        ("S19 S12", "S19"),
        ("S16 S12", "S16"),
        ("S18 S12", "S18"),
        ("S13 S12", "S13"),
        ("S21 S16", "S21"),
    ],
)
def test_the_request_is_the_fold_of_its_measures(measures: str, request_state: str) -> None:
    states = [State(each) for each in measures.split()]
    assert fold(states) is State(request_state)
    assert fold(reversed(states)) is State(request_state)  # type: ignore[arg-type]


def test_every_mix_of_measures_has_a_state() -> None:
    after_receipt = [state for state in State if state >= State.UNDER_REVIEW]
    for one, other in itertools.combinations(after_receipt, 2):
        assert fold([one, other]) in State
