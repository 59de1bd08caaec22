"""The form and the completeness check never disagree, and the form in the specification is this one."""

from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol import canonical
from shared.protocol.law import library
from shared.protocol.law.completeness import missing
from shared.protocol.law.instruments import packed
from shared.protocol.law.schemas import schema
from shared.protocol.law.shapes import Condition, FieldRule, Instrument
from shared.protocol.law.soundness import MISSING
from tests.unit.shared.protocol.law.requests import document, parts

FILE = Path("shared/protocol/spec/request.schema.json")
INSTRUMENTS = {code: packed(code) for code in library.INSTRUMENTS}
SCHEMAS = {code: schema(each) for code, each in INSTRUMENTS.items()}
VALIDATORS = {code: jsonschema_rs.validator_for(each) for code, each in SCHEMAS.items()}
ANY = jsonschema_rs.validator_for(schema())


def opened(instrument: Instrument) -> Any:  # noqa: ANN401 - a validator
    """The form without the instrument's own lists of kinds and measures: those are other gates."""
    made = schema(instrument)
    made["properties"]["request_kind"].pop("oneOf")
    made["$defs"]["Measure"]["properties"]["code"].pop("oneOf")
    return jsonschema_rs.validator_for(made)


OPEN = {code: opened(each) for code, each in INSTRUMENTS.items()}


@pytest.mark.parametrize("draft", [DRAFT, CASE])
def test_the_examples_fit(draft: dict[str, Any]) -> None:
    assert ANY.is_valid(draft)
    assert VALIDATORS["BUD"].is_valid(draft)


@given(told=parts(), code=st.sampled_from(sorted(INSTRUMENTS)))
@settings(max_examples=100, deadline=None)
def test_form_and_check_agree_on_what_is_missing(told: dict[str, Any], code: str) -> None:
    lacks = [each for each in missing(document(told), INSTRUMENTS[code]) if each.what == MISSING]
    assert OPEN[code].is_valid(told) == (not lacks), [str(each) for each in lacks]


WANTED: dict[str, Any] = {
    "kinds": ("MLA", "PRESERVATION"),
    "urgency": ("URGENT",),
    "measures": ("MEA-03", "MEA-10"),
    "instruments": ("BUD",),
}


@cache
def asking(condition: str, *, want: bool) -> tuple[Instrument, Any]:
    """An instrument that asks for three fields on a condition, and its form."""
    rule = FieldRule.model_validate(
        {"article": "1", "read": True, "when": {condition: WANTED.get(condition, want)}}
    )
    rules = dict.fromkeys(("J10", "E06", "G08"), rule)
    instrument = INSTRUMENTS["BUD"].model_copy(update={"field": rules})
    return instrument, opened(instrument)


@given(told=parts(), condition=st.sampled_from(sorted(get_args(Condition))), want=st.booleans())
@settings(max_examples=60, deadline=None)
def test_they_agree_on_any_condition_that_an_instrument_may_have(
    told: dict[str, Any],
    condition: str,
    want: bool,  # noqa: FBT001 - drawn
) -> None:
    instrument, form = asking(condition, want=want)
    lacks = [each for each in missing(document(told), instrument) if each.what == MISSING]
    assert form.is_valid(told) == (not lacks), [str(each) for each in lacks]


@pytest.mark.parametrize("condition", get_args(Condition))
def test_they_agree_on_each_condition_for_the_examples(condition: str) -> None:
    for want in (True, False):
        instrument, form = asking(condition, want=want)
        for told in (DRAFT, CASE):
            lacks = [each for each in missing(document(told), instrument) if each.what == MISSING]
            assert form.is_valid(told) == (not lacks)


def test_a_condition_that_never_holds_is_left_out() -> None:
    other = FieldRule.model_validate(
        {"article": "1", "read": True, "when": {"instruments": ("EIO",)}}
    )
    instrument = INSTRUMENTS["BUD"].model_copy(update={"field": {"J10": other}})
    assert not [each for each in schema(instrument)["allOf"] if each["$comment"].startswith("J10")]


@pytest.mark.parametrize("code", library.INSTRUMENTS)
def test_only_what_the_instrument_has_can_be_chosen(code: str) -> None:
    kinds = {each["const"] for each in SCHEMAS[code]["properties"]["request_kind"]["oneOf"]}
    measures = SCHEMAS[code]["$defs"]["Measure"]["properties"]["code"]["oneOf"]
    assert kinds == set(INSTRUMENTS[code].request_kinds)
    assert {each["const"] for each in measures} == set(INSTRUMENTS[code].measure)
    assert all(each["title"] for each in measures)


@pytest.mark.parametrize("code", library.INSTRUMENTS)
def test_every_condition_says_which_field_and_which_article(code: str) -> None:
    for each in SCHEMAS[code]["allOf"]:
        field, _, source = each["$comment"].partition(": ")
        assert field in library.fields()
        assert source


def test_what_is_absent_is_left_out_and_never_null() -> None:
    assert not ANY.is_valid(DRAFT | {"reciprocity_undertaking": None})


def test_an_undertaking_that_is_not_given_is_none() -> None:
    assert not ANY.is_valid(DRAFT | {"use_limitation": False})


def test_the_specification_has_this_form() -> None:
    assert canonical.read(FILE.read_bytes()) == canonical.read(canonical.encode(schema()))
