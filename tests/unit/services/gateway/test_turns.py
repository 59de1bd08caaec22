from contextlib import ExitStack

import pytest

from services.gateway.turns import MAX_CALLS, Turns
from shared.runtime.refusals import TooMany


def test_a_client_has_so_many_turns_and_no_more() -> None:
    turns = Turns()
    with ExitStack() as held:
        for _ in range(MAX_CALLS):
            held.enter_context(turns.taken("a"))
        with pytest.raises(TooMany) as caught, turns.taken("a"):
            pytest.fail("there was a turn left")
        assert caught.value.headers == {"Retry-After": "1"}
        with turns.taken("b"):
            pass
    with turns.taken("a"):
        pass


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns()
    for _ in range(MAX_CALLS + 1):
        with pytest.raises(ZeroDivisionError), turns.taken("a"):
            raise ZeroDivisionError
