"""What is there and cannot be right: one row, one flaw."""

from typing import Any

import pytest

from services.exchange.routes.told_request import DRAFT
from shared.protocol.law.soundness import unsound
from tests.unit.shared.protocol.law.requests import (
    AUTHORITY,
    CONTACT,
    NUMBER,
    ORDER,
    document,
    full,
    measure,
)

WRONG = {**NUMBER, "kind": "IMEI", "value": "490154203237517"}
FLAWS: list[tuple[str, dict[str, Any], str, str]] = [
    ("kind", {"request_kind": "LETTER"}, "A03", "is no code of the list: LETTER"),
    ("validator", {"validating_authority": {**AUTHORITY, "level": "A"}}, "B03", "neither a judge nor"),
    ("same contact", {"person_in_charge": CONTACT}, "B05", "must be somebody else"),
    ("order", {"orders": [{**ORDER, "sha256": "cd" * 32}]}, "K01", "lacks the order 1 (C04)"),
    ("order ends", {"orders": [{**ORDER, "valid_until": "2026-10-01"}]}, "C04", "ends before it begins"),
    ("category", {"offences": [{**DRAFT["offences"][0], "categories": ["OFF-E99"]}]}, "D01", "OFF-E99"),
    ("law", {"offences": [{**DRAFT["offences"][0], "law": "section 1"}]}, "D01", "without the text"),
    ("measure", {"measures": [measure("MEA-99")]}, "G01", "is no code of the list: MEA-99"),
    ("data", {"measures": [measure("MEA-03", data=["DC-XXX"])]}, "G02", "is not in the list: DC-XXX"),
    ("other data", {"measures": [measure("MEA-03", data=["DC-CNT"])]}, "G02", "MEA-03 does not bring"),
    ("identifier", {"measures": [measure("MEA-03", identifiers=[WRONG])]}, "G03", "(Bill, 3)"),
    ("needed", {"needed_by": {"date": "2026-11-19", "fixed": True}}, "H03", "before the day"),
    ("facts", {"facts": "He did it."}, "E01", "80 characters or more"),
    ("why", {"measures": [measure("MEA-03", necessity="needed")]}, "E03", "too short"),
    ("emergency", {"emergency_facts": "soon"}, "H04", "too short"),
]  # fmt: skip
GOOD = full("MEA-07", issued_at="2026-11-20T09:30:00Z")


@pytest.mark.parametrize("case", FLAWS, ids=[each[0] for each in FLAWS])
def test_a_flaw_is_named_by_its_field(case: tuple[str, dict[str, Any], str, str]) -> None:
    _, changed, field, what = case
    (found,) = unsound(document(GOOD | changed))
    assert (found.field, what in found.what) == (field, True), found
    assert str(found).startswith(f"{field} {found.title}")
    in_measure = "measures" in changed
    assert (found.measure == "M01", "(measure M01)" in str(found)) == (in_measure, in_measure)


def test_what_is_right_is_left_alone() -> None:
    assert unsound(document(GOOD)) == []
    assert unsound(document({"to": "QN"})) == []


def test_some_categories_are_among_the_data_of_any_measure() -> None:
    told = GOOD | {"measures": [measure("MEA-03", data=["DC-SUB", "DC-MIN", "DC-SPC"])]}
    assert unsound(document(told)) == []


def test_a_preservation_may_keep_data_of_any_category() -> None:
    told = GOOD | {"measures": [measure("MEA-01", data=["DC-CNT", "DC-TRF"])]}
    assert unsound(document(told)) == []
