"""G03: nothing is asked about everybody, and nothing goes out that was not asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.exchange.gating import particular
from services.exchange.gating.results import Fail, Pass
from shared.protocol.law.lifecycle import State
from tests.legal_matters import document, item, matter, measure, request


@pytest.mark.parametrize(
    ("changed", "good"),
    [
        ({}, True),
        ({"range": None}, True),
        ({"identifiers": None}, True),
        (
            {
                "identifiers": [
                    {"kind": "MSISDN", "value": value, "document": "d", "page": "1"}
                    for value in ("+99 1", "+991")
                ]
            },
            False,
        ),
    ],
)
def test_a_request_asks_for_something_in_particular(changed: dict[str, Any], good: bool) -> None:  # noqa: FBT001
    draft = document(measures=[measure(1, **changed)])
    assert isinstance(particular.particular_request(request(document=draft)), Pass) == good


@pytest.mark.parametrize(
    "changed",
    [
        {"measure_id": None},
        {"measure_id": "M09"},
        {"identifier": "+99 2"},
        {"identifier": None},
        {"category": "DC-CNT"},
        {"category": None},
        {"since": None},
        {"until": None},
        {"since": datetime(2026, 1, 2, 23, 59, tzinfo=UTC)},
        {"until": datetime(2026, 1, 6, 0, 0, 1, tzinfo=UTC)},
        {"since": datetime(2026, 1, 5, 2, tzinfo=UTC)},  # after its end
    ],
)
def test_an_item_beyond_the_request(changed: dict[str, Any]) -> None:
    result = particular.particularity(matter(items=(item(), item(item_id="i2", **changed))))
    assert isinstance(result, Fail)
    assert result.items == ("i2",)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"identifier": "+99 1"},
        {"since": datetime(2026, 1, 3, tzinfo=UTC), "until": datetime(2026, 1, 6, tzinfo=UTC)},
    ],
)
def test_an_item_as_it_was_asked(changed: dict[str, Any]) -> None:
    assert particular.particularity(matter(items=(item(**changed),))) == Pass("G03")


def test_without_range_or_identifier_none_is_compared() -> None:
    draft = document(measures=[measure(1, range=None, identifiers=None, data=None)])
    loose = item(since=None, until=None, identifier=None)
    assert particular.particularity(matter(document=draft, items=(loose,))) == Pass("G03")


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REFUSED, State.SUSPENDED, None])
def test_an_item_of_a_measure_that_is_not_executed(state: State | None) -> None:
    states = {"M02": state} if state else {}
    assert isinstance(particular.particularity(matter(measures=states)), Fail)
