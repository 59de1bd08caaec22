"""The form and the completeness check never disagree, and the form in the specification is this one."""

from pathlib import Path
from typing import Any

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
from shared.protocol.law.soundness import MISSING
from tests.unit.shared.protocol.law.requests import document, parts

FILE = Path("shared/protocol/spec/request.schema.json")
INSTRUMENTS = {code: packed(code) for code in library.INSTRUMENTS}
SCHEMAS = {code: schema(each) for code, each in INSTRUMENTS.items()}
VALIDATORS = {code: jsonschema_rs.validator_for(each) for code, each in SCHEMAS.items()}
ANY = jsonschema_rs.validator_for(schema())


def open_lists(code: str) -> Any:  # noqa: ANN401 - a validator
    """The form without the instrument's own lists of kinds and measures: those are other gates."""
    made = schema(INSTRUMENTS[code])
    made["properties"]["request_kind"].pop("oneOf")
    made["$defs"]["Measure"]["properties"]["code"].pop("oneOf")
    return jsonschema_rs.validator_for(made)


OPEN = {code: open_lists(code) for code in INSTRUMENTS}


@pytest.mark.parametrize("draft", [DRAFT, CASE])
def test_the_examples_fit(draft: dict[str, Any]) -> None:
    assert ANY.is_valid(draft)
    assert VALIDATORS["BUD"].is_valid(draft)


@given(told=parts(), code=st.sampled_from(sorted(INSTRUMENTS)))
@settings(max_examples=150, deadline=None)
def test_form_and_check_agree_on_what_is_missing(told: dict[str, Any], code: str) -> None:
    lacks = [each for each in missing(document(told), INSTRUMENTS[code]) if each.what == MISSING]
    assert OPEN[code].is_valid(told) == (not lacks), [str(each) for each in lacks]


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
