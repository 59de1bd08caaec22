"""The document of a request: one way to write it, and nothing else is taken from another country."""

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol import canonical
from shared.protocol.errors import FormatError
from shared.protocol.law import forms, library
from shared.protocol.law.documents import (
    TYPES,
    of_json,
    received,
    sent,
    supplemented,
)
from shared.protocol.law.shapes import Condition
from shared.protocol.law.texts import moment
from tests.unit.shared.protocol.law.requests import full, parts

SENT = sent(of_json(DRAFT), request_id="R1", sender="QM")


def test_every_type_of_field_has_a_shape() -> None:
    used = {field["type"] for field in library.fields().values()} - {"measures"}
    assert used == TYPES.keys()


@pytest.mark.parametrize("draft", [DRAFT, CASE, full("MEA-07")])
def test_what_is_sent_is_received(draft: dict[str, Any]) -> None:
    told = sent(of_json(draft), request_id="R1", sender="QM")
    assert (told["v"], told["request_id"], told["from"]) == (2, "R1", "QM")
    assert received(told) == of_json(told)
    assert sent(received(told), request_id="R1", sender="QM") == told


def test_the_node_says_who_sends_it_and_under_which_id() -> None:
    boasting = of_json(DRAFT | {"request_id": "R9", "from": "QX"})
    assert sent(boasting, request_id="R1", sender="QM") == SENT


@given(told=parts())
@settings(max_examples=60, deadline=None)
def test_a_round_trip_changes_nothing(told: dict[str, Any]) -> None:
    written = canonical.encode(sent(of_json(told), request_id="R1", sender="QM"))
    again = received(canonical.parse(written))
    assert canonical.encode(sent(again, request_id="R1", sender="QM")) == written


def changed(*path: str | int, to: Any) -> dict[str, Any]:  # noqa: ANN401
    told: Any = deepcopy(SENT)
    inner = told
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return dict(told)


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("unknown field", changed("zz", to=1), "zz: Extra"),
    ("unknown member", changed("offences", 0, "zz", to=1), "D01 offences.0.zz"),
    ("attribute for alias", changed("measures", 1, "range", "since", to="2026-01-01T00:00Z"), "since"),
    ("null", changed("costs", to=None), "one form"),
    ("blank", changed("facts", to=f"{SENT['facts']} "), "one form"),
    ("empty", changed("facts", to=""), "E01 facts: "),
    ("number as text", changed("offences", 0, "max_penalty_months", to="60"), "D01 offences.0.max_pen"),
    ("truth as number", changed("certification", to=1), "A11 certification"),
    ("bell", changed("facts", to=f"{SENT['facts']}\a"), "E01 facts"),
    ("nul", changed("purpose", to=f"{SENT['purpose']}\0"), "C03 purpose"),
    ("turned", changed("purpose", to="pay \u202e001\u202c"), "C03 purpose"),
    ("isolated", changed("requested_authority", to="Ministry \u2066of\u2069"), "B08 requested_authority"),
    ("line break", changed("requested_authority", to="Ministry\nof"), "B08 requested_authority"),
    ("day", changed("retention", "until", to="2031-02-29"), "J03 retention.until"),
    ("digits of another script", changed("retention", "until", to="\uff12031-02-28"), "J03 retention"),
    ("instant without zone", changed("issued_at", to="2026-11-20T09:30:00"), "A07 issued_at"),
    ("instant before time", changed("issued_at", to="0001-01-01T00:00+14:00"), "A07 issued_at"),
    ("ends first", changed("measures", 1, "range", "to", to="2025-01-01T00:00:00Z"), "the end is before"),
    ("reviewed late", changed("retention", "review", to="2032-01-01"), "the review is after"),
    ("twice", changed("measures", 1, "measure_id", to="M01"), "same measure_id"),
    ("version", changed("v", to=3), "v: "),
    ("country", changed("to", to="qn"), "to: "),
    ("list for one", changed("facts", to=[SENT["facts"]]), "E01 facts"),
    ("too many", changed("measures", to=[SENT["measures"][0]] * 101), "measures: "),  # type: ignore[index]
    ("empty list", changed("own_references", to=[]), "A02 own_references"),
    ("no id", {k: v for k, v in SENT.items() if k != "request_id"}, "has an id"),
    ("no sender", {k: v for k, v in SENT.items() if k != "from"}, "a sender"),
    ("no version", {k: v for k, v in SENT.items() if k != "v"}, "one form"),
]  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE, ids=[each[0] for each in HOSTILE])
def test_what_nobody_would_send_is_refused(case: tuple[str, dict[str, Any], str]) -> None:
    _, told, why = case
    with pytest.raises(FormatError) as refused:
        received(told)
    assert why in refused.value.detail


@pytest.mark.parametrize("value", [None, [], 1, "text", True])
def test_what_is_no_object_is_refused(value: Any) -> None:  # noqa: ANN401
    with pytest.raises(FormatError, match="document"):
        of_json(value)


def test_blanks_around_a_text_are_nobodys_words() -> None:
    assert of_json({"to": "QN", "facts": " He  paid. "}).facts == "He  paid."


def test_text_keeps_its_lines_and_other_scripts() -> None:
    told = DRAFT | {"facts": "Erstens: Überweisung.\r\n\tZweitens: Вывод средств. 第三: 转账。" * 3}
    assert of_json(told).facts == told["facts"]


@given(year=st.integers(2, 9998), hour=st.integers(0, 23), zone=st.integers(-12, 12))
def test_an_instant_is_the_same_in_every_zone(year: int, hour: int, zone: int) -> None:
    text = f"{year:04}-06-15T{hour:02}:00{zone:+03}:00"
    assert moment(text) == datetime.fromisoformat(text)
    assert moment(text).tzinfo is UTC


def test_the_specification_names_every_condition_and_every_kind_of_identifier() -> None:
    told = Path("shared/protocol/spec/request.md").read_text(encoding="utf-8")
    assert [each for each in get_args(Condition) if f"`{each}`" not in told] == []
    assert [each for each in get_args(forms.IdentifierKind) if each not in told] == []


SUPPLIED: dict[str, Any] = {
    "costs": "Each bears its own.",
    "measures": {"M01": {"range": {"from": "2026-01-01T00:00Z", "to": "2026-02-01T00:00Z"}}},
}


def test_what_was_asked_for_is_laid_over_what_was_sent() -> None:
    before = received(SENT)
    after = supplemented(before, SUPPLIED, ["J10", "G04"])
    assert after.costs == "Each bears its own."
    assert after.measures[0].range.since == "2026-01-01T00:00Z"
    assert after.measures[1] == before.measures[1]
    assert received(SENT) == before


@pytest.mark.parametrize(
    ("supplied", "asked", "why"),
    [
        (SUPPLIED, ["J10"], "range was not asked for"),
        (SUPPLIED, ["G04", "Z99"], "costs was not asked for"),
        ({"measures": {"M09": {}}}, [], "no measure M09"),
        ({"costs": 1}, ["J10"], "J10 costs"),
        ({"measures": {"M01": {"code": "MEA-07"}}}, ["G01"], "code was not asked for"),
        ({"request_id": "R2"}, ["A01"], "request_id was not asked for"),
        ({"legal_basis": []}, ["A05"], "legal_basis was not asked for"),
        ({"to": "QX"}, ["G01"], "to was not asked for"),
    ],
)
def test_nothing_else_changes(supplied: dict[str, Any], asked: list[str], why: str) -> None:
    with pytest.raises(FormatError) as refused:
        supplemented(received(SENT), supplied, asked)
    assert why in refused.value.detail
