"""The way that a request goes: agreed between the two, to an authority that takes it."""

from typing import Any

import pytest

from services.exchange.gating.results import Fail, Pass
from services.exchange.gating.ways import way_agreed
from tests.legal_matters import document, matter, pair

POINT = "Point of contact of QN, at all hours"


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ({}, "CA_TO_CA"),
        ({"urgency": "URGENT", "channel": "JUDICIAL_DIRECT_COPY_CA"}, "JUDICIAL_DIRECT_COPY_CA"),
        ({"urgency": "EMERGENCY", "channel": "POINT_24_7"}, "POINT_24_7"),
        ({"urgency": "EMERGENCY"}, "CA_TO_CA"),
        ({"request_kind": "PRESERVATION", "channel": "POINT_24_7"}, "POINT_24_7"),
        ({"request_kind": "PRESERVATION", "requested_authority": POINT}, "CA_TO_CA"),
        ({"requested_authority": "QN-CA"}, "CA_TO_CA"),
        ({"requested_authority": "The court in Lyon"}, "CA_TO_CA"),  # the profile knows no such
        ({"channel": None, "requested_authority": None}, None),
    ],
)
def test_what_the_two_agreed_on(said: dict[str, Any], way: str | None) -> None:
    assert way_agreed(matter(document=document(**said))) == Pass("G24", way)


@pytest.mark.parametrize(
    ("said", "code", "step"),
    [
        ({"channel": "INTERPOL"}, "way_not_agreed", "CA_TO_CA."),
        ({"channel": "JUDICIAL_DIRECT_COPY_CA"}, "way_not_agreed", "CA_TO_CA."),
        ({"channel": "POINT_24_7"}, "way_not_agreed", "CA_TO_CA."),
        ({"urgency": "URGENT", "channel": "POINT_24_7"}, "way_not_agreed", "JUDICIAL_DIRECT"),
        ({"requested_authority": "qn-24-7"}, "kind_not_received", "Central Authority of QN."),
        ({"requested_authority": POINT}, "kind_not_received", "Central Authority of QN."),
    ],
)
def test_what_they_did_not(said: dict[str, Any], code: str, step: str) -> None:
    result = way_agreed(matter(document=document(**said)))
    assert isinstance(result, Fail)
    assert (result.gate, result.code) == ("G24", code)
    assert step in result.next


def test_without_a_word_of_the_two_every_way_is_open() -> None:
    case = matter(document=document(channel="DIPLOMATIC"), pair=pair(channels=None))
    assert way_agreed(case) == Pass("G24", "DIPLOMATIC")
    nobody = way_agreed(matter(pair=None))
    assert isinstance(nobody, Fail)
