"""Every arrow there is leads where it should; every other pair is refused and says what is open."""

from datetime import UTC, datetime

import pytest

from services.exchange.states import (
    Actor,
    Direction,
    PackageAct,
    PackageState,
    WrongStateError,
    advance,
    advance_package,
)
from shared.protocol.law.lifecycle import Act, State

LIFE = {
    Direction.OUT: "CLOSE FREEZE PREPARE CLEAR RELEASE OFFER RECEIVE VERIFY HAND_OVER",
    Direction.IN: "VERIFY HAND_OVER",
}


@pytest.mark.parametrize("direction", Direction)
def test_a_package_lives_from_first_to_last(direction: Direction) -> None:
    state = PackageState.COLLECTING if direction is Direction.OUT else PackageState.RECEIVED
    for act in LIFE[direction].split():
        state = advance_package(direction, state, PackageAct[act])
    assert state is PackageState.IN_USE
    with pytest.raises(WrongStateError) as refused:
        advance_package(direction, state, PackageAct.COLLECT)
    assert refused.value.next_step == "Possible now: destroy, return."
    ended = advance_package(direction, state, PackageAct.DESTROY)
    with pytest.raises(WrongStateError) as refused:
        advance_package(direction, ended, PackageAct.RETURN)
    assert refused.value.next_step == "This state is final."


def test_a_closing_that_fails_opens_the_package_again() -> None:
    state = advance_package(Direction.OUT, PackageState.CLOSING, PackageAct.REOPEN)
    assert state is PackageState.COLLECTING


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (PackageState.COLLECTING, PackageAct.RELEASE),
        (PackageState.COLLECTED, PackageAct.CLEAR),
        (PackageState.FILTERED, PackageAct.RELEASE),
        (PackageState.CLOSING, PackageAct.WITHDRAW),
        (PackageState.SEALED, PackageAct.WITHDRAW),
        (PackageState.SEALED, PackageAct.RECEIVE),
        (PackageState.DISPUTED, PackageAct.VERIFY),
        (PackageState.IN_USE, PackageAct.DISPUTE),
    ],
)
def test_no_step_is_left_out(state: PackageState, act: PackageAct) -> None:
    with pytest.raises(WrongStateError) as refused:
        advance_package(Direction.OUT, state, act)
    assert refused.value.code == "wrong_state"
    assert refused.value.facts == {"state": state, "act": act}


def test_a_receiver_does_not_collect_or_release() -> None:
    for act in PackageAct:
        if act in {PackageAct.VERIFY, PackageAct.DISPUTE, PackageAct.RETURN, PackageAct.DESTROY}:
            continue
        with pytest.raises(WrongStateError):
            advance_package(Direction.IN, PackageState.RECEIVED, act)


def test_a_refusal_names_the_word_and_what_is_open() -> None:
    with pytest.raises(WrongStateError) as refused:
        advance(State.DELIVERED, Act.SEND)
    assert refused.value.detail == "To send is not possible in state S05 (delivered)."
    assert refused.value.next_step == "Possible now: acknowledge, lapse, reject, withdraw."


def test_an_actor_is_known_to_the_log_by_client_and_officer() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    assert Actor(client_id="c", at=at).personal == {"client": "c"}
    assert Actor(client_id="c", officer="o", at=at).personal == {"client": "c", "officer": "o"}
