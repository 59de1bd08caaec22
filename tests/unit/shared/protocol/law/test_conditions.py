"""The life of a condition, and what a term has to say."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.protocol.errors import FormatError
from shared.protocol.law import conditions
from shared.protocol.law.conditions import (
    ARROWS,
    BINDING,
    ConditionAct,
    ConditionState,
    WrongConditionStateError,
    advance,
    check_term,
    deletion_date,
    readers,
    speciality,
    undertaking,
)
from shared.protocol.messages import Term


def term(code: str, **parameters: str) -> Term:
    return Term(code=code, text="As agreed.", parameters=parameters)


@pytest.mark.parametrize("state", ConditionState)
@pytest.mark.parametrize("act", ConditionAct)
def test_an_act_is_open_as_the_table_says(state: ConditionState, act: ConditionAct) -> None:
    target = ARROWS.get((state, act))
    if target is None:
        with pytest.raises(WrongConditionStateError, match="not to"):
            advance(state, act)
    else:
        assert advance(state, act) is target


def test_what_binds_stays_binding_when_it_is_breached() -> None:
    steps = [ConditionAct.BREACH, ConditionAct.REPORT, ConditionAct.BREACH]
    state = ConditionState.ACCEPTED
    for step in steps:
        state = advance(state, step)
        assert state in BINDING


def test_the_specification_has_the_table() -> None:
    text = (Path(conditions.__file__).parents[1] / "spec/conditions.md").read_text()
    rows = [f"| {state} | {act} | {target} |" for (state, act), target in ARROWS.items()]
    assert "\n".join(rows) in text


@pytest.mark.parametrize(
    "good",
    [
        term("COND-01"),
        term("COND-05", by="2027-06-30"),
        term("COND-14", persons="A. Meier; B. Huber"),
    ],
)
def test_a_term_says_what_its_code_needs(good: Term) -> None:
    assert check_term(good) is good


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (term("COND-99"), "no condition"),
        (term("COND-05"), "by"),
        (term("COND-05", by="soon"), "no day"),
        (term("COND-05", by="2027-06-30", at="noon"), "takes"),
        (term("COND-01", by="2027-06-30"), "no parameter"),
        (term("COND-14", persons=" ; "), "nobody"),
    ],
)
def test_a_term_that_says_something_else_is_refused(bad: Term, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        check_term(bad)


def test_what_a_profile_always_asks_for_is_added_once() -> None:
    said = (term("COND-01"),)
    assert [each.code for each in speciality(["COND-01", "COND-04"], said)] == ["COND-04"]
    assert speciality([]) == ()


@pytest.mark.parametrize(
    ("code", "field"), [("COND-01", "J01"), ("COND-04", "J02"), ("COND-05", None)]
)
def test_some_conditions_a_request_takes_on_itself(code: str, field: Any) -> None:  # noqa: ANN401
    assert undertaking(code) == field


def test_the_earliest_day_of_deletion_counts() -> None:
    terms = [term("COND-05", by="2028-01-01"), term("COND-05", by="2027-06-30"), term("COND-01")]
    assert deletion_date(terms) == date(2027, 6, 30)
    assert deletion_date([]) is None


def test_only_a_condition_on_readers_names_readers() -> None:
    assert readers(term("COND-14", persons="A. Meier; B. Huber")) == ("A. Meier", "B. Huber")
    assert readers(term("COND-01")) == ()
