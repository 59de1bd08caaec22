"""The lists that come with a release hang together, and each value says where it stands."""

from typing import get_args

import pytest

from shared.protocol.law import library
from shared.protocol.law.instruments import packed
from shared.protocol.law.shapes import Condition

LISTS = {
    "kind": 14,
    "refusal": 27,
    "postponement": 6,
    "condition": 15,
    "withdrawal": 8,
    "measure": 29,
    "data": 16,
}
CONDITIONS = set(get_args(Condition))


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_whole(name: str) -> None:
    assert len(library.codes()[name]) == LISTS[name]


def test_every_code_has_words() -> None:
    for name, codes in library.codes().items():
        for code in codes:
            assert len(library.title(name, code)) > 3, code


def test_a_measure_brings_categories_that_exist() -> None:
    for code, measure in library.codes()["measure"].items():
        assert set(measure["data"]) <= library.codes()["data"].keys(), code


def test_a_tier_is_one_of_four() -> None:
    assert {category["tier"] for category in library.codes()["data"].values()} == {1, 2, 3, 4}


def test_every_field_has_a_name_of_its_own_and_a_source() -> None:
    fields = library.fields()
    assert len({field["name"] for field in fields.values()}) == len(fields) == 78
    assert all(field["source"] and isinstance(field["read"], bool) for field in fields.values())


def test_a_field_has_a_condition_when_it_needs_one() -> None:
    for code, field in library.fields().items():
        assert field["required"] in {"always", "when", "known", "optional"}, code
        assert ("when" in field) == (field["required"] == "when"), code
        assert field.get("when", {}).keys() <= CONDITIONS, code


def test_conditions_name_codes_that_exist() -> None:
    for field in library.fields().values():
        when = field.get("when", {})
        assert set(when.get("kinds", [])) <= library.codes()["kind"].keys()
        assert set(when.get("measures", [])) <= library.codes()["measure"].keys()
        assert set(when.get("instruments", [])) <= set(library.INSTRUMENTS)


@pytest.mark.parametrize("code", library.INSTRUMENTS)
def test_every_instrument_can_be_used(code: str) -> None:
    profile = packed(code)
    assert profile.code == code
    assert profile.consultation.required
    assert profile.ground.keys() | profile.barred.keys()


def test_it_is_told_which_articles_nobody_has_compared_yet() -> None:
    assert "12(3), 12(5)" not in packed("EIO").unread()  # Article 12 was read
    assert "16(1)" in packed("EIO").unread()
    assert "Annex I" in packed("EER").unread()
    assert "10(3)" not in packed("EER").unread()
