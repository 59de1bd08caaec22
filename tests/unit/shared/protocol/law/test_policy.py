"""Values of policy: this release's, and a pair's over them."""

from shared.protocol.law.pairreading import read_pair
from shared.protocol.law.pairs import Clock, Length, Pair
from shared.protocol.law.policy import clocks_between, policy
from tests import pacts

OWN = """
[[clock]]
act = "decide"
starts = "delivered"
urgent = { length = 5, unit = "working-day" }
pauses = []
"""


def decide(pair: Pair | None) -> Clock:
    (found,) = [each for each in clocks_between(pair) if each.act == "decide"]
    return found


def test_every_value_has_a_length_and_a_reminder() -> None:
    values = policy()
    assert all(each.routine or each.urgent or each.emergency for each in values.clock)
    assert values.reminders.days_before == (14, 7, 1)


def test_without_a_word_of_the_pair_this_release_counts() -> None:
    assert clocks_between(None) == list(policy().clock)
    assert clocks_between(read_pair(pacts.text())) == list(policy().clock)


def test_a_pair_changes_what_it_names_and_nothing_else() -> None:
    before, own = decide(None), decide(read_pair(pacts.text(more=OWN)))
    assert own.urgent == Length(length=5, unit="working-day")
    assert (own.routine, own.emergency) == (before.routine, before.emergency)
    assert before.pauses
    assert own.pauses == ()
    others = [
        each for each in clocks_between(read_pair(pacts.text(more=OWN))) if each.act != "decide"
    ]
    assert others == [each for each in policy().clock if each.act != "decide"]
