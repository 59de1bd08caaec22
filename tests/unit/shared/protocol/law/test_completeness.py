"""What each instrument asks for, as a table; and each condition of the list of fields, both ways."""

from typing import Any, get_args

import pytest

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol.law import library
from shared.protocol.law.completeness import facts, missing
from shared.protocol.law.instruments import packed
from shared.protocol.law.shapes import Condition
from shared.protocol.law.soundness import MISSING, Lack
from tests.unit.shared.protocol.law.requests import (
    AUTHORITY,
    CONTACT,
    FIELDS,
    document,
    full,
    measure,
    pair,
    without,
)

Told = dict[str, Any]


def lacks(told: Told, instrument: str = "BUD", **of_pair: Any) -> list[Lack]:  # noqa: ANN401
    return list(missing(document(told), packed(instrument), pair(**of_pair)))


def asked(told: Told, instrument: str = "BUD", **of_pair: Any) -> set[str]:  # noqa: ANN401
    return {each.field for each in lacks(told, instrument, **of_pair) if each.what == MISSING}


# Columns: instrument, kind of request, measure. Cells: x the field is asked for; k the instrument asks for it
# where it is known; - the instrument has no rule of its own for it; . it has one, for another leg.
COLUMNS = {
    "BUD 29": ("BUD", "PRESERVATION", "MEA-01"),
    "BUD 31": ("BUD", "MLA", "MEA-07"),
    "2AP 8": ("2AP", "GIVING_EFFECT_TO_ORDER", "MEA-06"),
    "2AP 9": ("2AP", "EMERGENCY_DISCLOSURE", "MEA-29"),
    "UNTOC": ("UNTOC", "MLA", "MEA-10"),
    "UNCC": ("UNCC", "MLA", "MEA-10"),
    "MT": ("BILATERAL", "MLA", "MEA-10"),
    "EIO": ("EIO", "EIO", "MEA-07"),
    "EPOC": ("EER", "EER_ENFORCEMENT", "MEA-07"),
    "EPOC-PR": ("EER", "EER_ENFORCEMENT", "MEA-01"),
}
MATRIX = {
    #       BUD29 BUD31 2AP8 2AP9 UNTOC UNCC MT  EIO EPOC PR
    "B02": "x     x     x    x    x     x    x   x   x    x",
    "B03": "-     -     -    -    -     -    -   x   x    x",
    "C01": ".     x     -    -    x     x    x   x   x    x",
    "C03": ".     x     -    -    x     x    x   x   x    x",
    "D01": "x     x     x    x    -     -    x   x   x    x",
    "E01": "x     x     x    x    x     x    x   x   x    .",
    "E02": "x     .     x    x    -     -    -   x   -    -",
    "E03": "x     -     -    -    -     -    -   x   x    x",
    "E04": "-     -     -    -    -     -    -   x   x    x",
    "E05": "-     -     x    .    -     -    -   -   -    -",
    "F01": ".     k     -    -    k     k    .   k   k    k",
    "G01": "x     x     x    x    x     x    x   x   x    x",
    "G02": "x     -     x    x    -     -    -   -   x    x",
    "G03": "x     .     x    x    -     -    -   -   x    x",
    "G04": "x     -     x    x    -     -    -   -   x    x",
    "G05": "x     .     x    x    -     .    -   -   x    x",
    "G06": "-     -     k    k    k     k    k   k   -    -",
    "G12": "-     -     k    .    -     -    -   k   k    k",
    "G13": "x     .     -    -    -     .    -   -   .    x",
    "G14": "x     .     -    -    -     .    -   -   -    -",
    "H03": ".     k     -    -    -     -    k   k   k    k",
    "H04": "-     -     .    x    -     -    -   -   .    .",
    "J09": "-     -     -    -    -     -    -   x   x    .",
}
CELLS = [
    (field, column, cell)
    for field, row in MATRIX.items()
    for column, cell in zip(COLUMNS, row.split(), strict=True)
]


@pytest.mark.parametrize(("field", "column", "cell"), CELLS)
def test_the_matrix_of_instruments(field: str, column: str, cell: str) -> None:
    instrument, kind, code = COLUMNS[column]
    rule = packed(instrument).field.get(field)
    told = full(code, kind, legal_basis=[{"instrument": instrument, "article": "1"}])
    if field == "B03":
        told["issuing_authority"] = {**AUTHORITY, "level": "A"}
    demanded = field in asked(without(told, field), instrument)
    assert {
        "x": demanded,
        "k": rule is not None and rule.known and not demanded,
        "-": rule is None,
        ".": rule is not None,
    }[cell]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_request_that_says_everything_lacks_nothing(column: str) -> None:
    instrument, kind, code = COLUMNS[column]
    assert asked(full(code, kind), instrument) == set()


@pytest.mark.parametrize("draft", [DRAFT, CASE])
def test_the_examples_lack_nothing(draft: Told) -> None:
    assert lacks(draft) == []


ALWAYS = {
    code
    for code, field in library.fields().items()
    if field["required"] == "always" and not field.get("by_node")
}


@pytest.mark.parametrize("field", sorted(ALWAYS))
def test_what_every_request_must_say(field: str) -> None:
    found = missing(document(without(full("MEA-07"), field)), None)
    if field == "E02" or not FIELDS.get(field, {}).get("per"):
        assert field in {each.field for each in found}


FREE = {
    code for code, field in library.fields().items() if field["required"] in {"optional", "known"}
}


@pytest.mark.parametrize("field", sorted(FREE))
def test_what_may_be_left_out(field: str) -> None:
    assert field not in asked(without(full("MEA-07"), field))


# Field, a request in which it is asked for, and one in which it is not: (measure, kind, changes), instrument.
OTHER = {"name": "Police", "function": "Officer", "person": "P", "level": "A"}
CONDITIONS: list[tuple[str, tuple[str, str, Told], tuple[str, str, Told], str]] = [
    ("A04", ("MEA-07", "SUPPLEMENT", {}), ("MEA-07", "MLA", {}), "BUD"),
    ("A06", ("MEA-07", "MLA", {}), ("MEA-07", "MLA", {}), "REC BUD"),
    ("B03", ("MEA-07", "EIO", {"issuing_authority": OTHER}), ("MEA-07", "EIO", {}), "EIO"),
    ("B05", ("MEA-03", "MLA", {"urgency": "EMERGENCY"}), ("MEA-03", "MLA", {"urgency": "URGENT"}), "BUD"),
    ("B10", ("MEA-03", "MLA", {"urgency": "EMERGENCY"}), ("MEA-03", "MLA", {}), "BUD"),
    ("C04", ("MEA-07", "MLA", {}), ("MEA-03", "MLA", {}), "BUD"),
    ("D04", ("MEA-07", "MLA", {}), ("MEA-07", "MLA", {"listed_category": True}), "BUD"),
    ("E01", ("MEA-07", "MLA", {}), ("MEA-19", "MLA", {}), "UNCC"),
    ("E03", ("MEA-03", "MLA", {}), ("MEA-15", "MLA", {}), "BUD"),
    ("E04", ("MEA-03", "EIO", {}), ("MEA-03", "MLA", {}), "EIO BUD"),
    ("F04", ("MEA-07", "EER_NOTIFICATION", {}), ("MEA-07", "EER_ENFORCEMENT", {}), "EER"),
    ("G02", ("MEA-03", "MLA", {}), ("MEA-15", "MLA", {}), "UNTOC"),
    ("G03", ("MEA-07", "MLA", {}), ("MEA-03", "MLA", {}), "BUD"),
    ("G04", ("MEA-06", "MLA", {}), ("MEA-09", "MLA", {}), "BUD"),
    ("G05", ("MEA-01", "PRESERVATION_EXTENSION", {}), ("MEA-07", "MLA", {}), "BUD"),
    ("G08", ("MEA-09", "MLA", {}), ("MEA-08", "MLA", {}), "BUD"),
    ("G09", ("MEA-13", "EIO", {}), ("MEA-07", "EIO", {}), "EIO"),
    ("G10", ("MEA-16", "EIO", {}), ("MEA-07", "EIO", {}), "EIO"),
    ("G11", ("MEA-26", "JIT_REQUEST", {}), ("MEA-07", "MLA", {}), "UNTOC"),
    ("G13", ("MEA-01", "PRESERVATION", {}), ("MEA-01", "MLA", {}), "BUD"),
    ("H02", ("MEA-03", "MLA", {"urgency": "URGENT"}), ("MEA-03", "MLA", {}), "BUD"),
    ("H03", ("MEA-03", "MLA", {"urgency": "URGENT"}), ("MEA-03", "MLA", {}), "BUD"),
    ("H04", ("MEA-03", "MLA", {"urgency": "EMERGENCY"}), ("MEA-03", "MLA", {"urgency": "URGENT"}), "BUD"),
    ("I02", ("MEA-03", "MLA", {}), ("MEA-23", "MLA", {}), "UNTOC"),
    ("J02", ("MEA-20", "MLA", {}), ("MEA-23", "MLA", {}), "UNTOC"),
    ("J03", ("MEA-20", "MLA", {}), ("MEA-23", "MLA", {}), "UNTOC"),
    (
        "J04",
        ("MEA-03", "MLA", {"penalties": {**DRAFT["penalties"], "death_penalty": True}}),
        ("MEA-03", "MLA", {}),
        "BUD",
    ),
    ("J06", ("MEA-10", "MLA", {}), ("MEA-07", "MLA", {}), "BUD"),
    (
        "J06",
        ("MEA-03", "MLA", {"sensitive_persons": {"privileged": ["LAWYER"]}}),
        ("MEA-03", "MLA", {"sensitive_persons": {"minor": True}}),
        "BUD",
    ),
    ("J07", ("MEA-09", "MLA", {}), ("MEA-07", "MLA", {}), "BUD"),
    ("J09", ("MEA-03", "EIO", {}), ("MEA-03", "MLA", {}), "EIO BUD"),
]  # fmt: skip


@pytest.mark.parametrize("case", CONDITIONS, ids=lambda case: f"{case[0]}-{case[1][0]}-{case[3]}")
def test_a_condition_asks_and_does_not_ask(case: tuple[str, Any, Any, str]) -> None:
    field, yes, no, instruments = case
    first, _, second = instruments.partition(" ")
    for (code, kind, changed), instrument, wanted in (
        (yes, first, True),
        (no, second or first, False),
    ):
        told = without(full(code, kind, **changed), field)
        if field in {"I02", "J02", "J03"}:  # they go by what measures of the code bring
            told["measures"][0].pop("data", None)
        if field == "B03":
            told.pop("validating_authority", None)
        assert (field in asked(told, instrument)) is wanted, (code, kind, instrument)


def test_every_condition_of_the_list_is_tried() -> None:
    tried = {case[0] for case in CONDITIONS} | {"A09", "H05", "G14"}
    with_condition = {code for code, each in library.fields().items() if each["required"] == "when"}
    assert with_condition <= tried


def test_an_emergency_without_validation_says_until_when_it_comes() -> None:
    told = without(full("MEA-03", "EER_ENFORCEMENT", urgency="EMERGENCY"), "H05")
    told |= {"issuing_authority": OTHER}
    del told["validating_authority"]
    found = asked(told, "EER")
    assert "H05" in found
    assert "B03" not in found  # it is still to come
    assert "H05" not in asked(told | {"validating_authority": AUTHORITY}, "EER")
    assert "B03" in asked(told | {"urgency": "URGENT"}, "EER")


def test_fields_of_a_measure_are_asked_for_measure_by_measure() -> None:
    told = full("MEA-07")
    told["measures"] = [
        measure("MEA-03", nexus="why"),
        measure("MEA-07", nexus="why") | {"measure_id": "M02"},
    ]
    found = {(each.field, each.measure) for each in lacks(told) if each.measure}
    assert {("G04", "M02"), ("G03", "M02"), ("E03", "M01"), ("E03", "M02")} <= found
    assert ("G04", "M01") not in found


def test_the_two_countries_may_ask_for_more() -> None:
    told = without(full("MEA-07"), "E06")
    assert asked(told) == set()
    (found,) = lacks(told, extra_fields=["E06"])
    assert (found.field, found.source) == ("E06", "the profile of QM and QN")


def test_a_language_that_is_not_read_there_needs_a_translation() -> None:
    told = full("MEA-07", language={"language": "de"})
    (found,) = lacks(told, languages=["fr"])
    assert str(found) == (
        "A09 Language, and translations by hash needs a translation into one of: fr "
        "[the languages of the pair; MT 5(2); EIO 5(2)-(3)]"
    )
    translation = {
        "title": "t",
        "type": "translation",
        "language": "fr",
        "size": 1,
        "sha256": "ab" * 32,
    }
    told["language"] = {"language": "de", "translations": [translation]}
    assert lacks(told, languages=["fr"]) == []
    assert lacks(told | {"language": {"language": "fr"}}, languages=["fr"]) == []


def test_an_undertaking_that_is_refused_is_missing_and_an_answer_no_is_an_answer() -> None:
    told = full("MEA-07", "EER_NOTIFICATION", use_limitation=False, resides_in_issuing_state=False)
    assert asked(told, "EER") == {"J01"}


def test_the_contact_who_confirms_is_somebody_else() -> None:
    told = full("MEA-03", person_in_charge=CONTACT, confirmation_contact=CONTACT)
    assert [each.field for each in lacks(told)] == ["B05"]


def test_every_condition_is_derived() -> None:
    told = document(full("MEA-07"))
    assert set(facts(told, told.measures, packed("BUD"))) == set(get_args(Condition))
