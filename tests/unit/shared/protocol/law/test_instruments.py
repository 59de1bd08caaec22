"""Mistakes in a profile, each told with the line it stands in."""

import pytest

from shared.protocol.law import library
from shared.protocol.law.instruments import read_instrument
from shared.protocol.law.reading import Flaw, ProfileError

EIO = library.instrument_text("EIO").decode()


def line(text: str, of: str) -> int:
    return max(n for n, each in enumerate(text.splitlines(), 1) if of in each)


def flaws(text: str) -> tuple[Flaw, ...]:
    with pytest.raises(ProfileError) as refused:
        read_instrument(text.encode())
    return refused.value.flaws


MISTAKES = [
    ("REF-05 = {", "REF-99 = {", "ground.REF-99", "there is no refusal code REF-99"),
    ("MEA-14 = {", "MEA-77 = {", "measure.MEA-77", "there is no measure code MEA-77"),
    ("J09 = {", "Z09 = {", "field.Z09", "there is no field Z09"),
    (
        "when = { judicial",
        "when = { judical",
        "field.B03.when.judical.[key]",
        "Input should be 'kinds'",
    ),
    (
        "when = { judicial = false",
        'when = { judicial = ["P"]',
        "field.B03.when.judicial",
        "true or false",
    ),
    (
        "when = { judicial = false",
        "when = { kinds = true",
        "field.B03.when.kinds",
        "a list of codes",
    ),
    (
        "when = { judicial = false",
        'when = { urgency = ["SOON"]',
        "field.B03.when.urgency",
        "no urgency SOON",
    ),
    (
        "when = { judicial = false",
        'when = { measures = ["MEA-05"]',
        "field.B03.when.measures",
        "MEA-05",
    ),
    ("COND-08 = {", "COND-88 = {", "condition.COND-88", "there is no condition code COND-88"),
    ("POST-02 = {", "POST-22 = {", "postponement.POST-22", "there is no postponement code POST-22"),
    ("REF-06 = { article", "REF-14 = { article", "barred.REF-14", "available and barred"),
    ('pauses = ["S13"]', 'pauses = ["S99"]', "deadline.2.pauses", "there is no state S99"),
    ('act = "object"', 'act = "complain"', "deadline.5.act", "there is no duty complain"),
    ('starts = "stated"', 'starts = "once"', "deadline.3.starts", "there is no start once"),
    ('id = "D03"', 'id = "D/3"', "deadline.2.id", "letters, digits and hyphens"),
    ('id = "D05"', 'id = "D01"', "deadline.4.id", "there are two deadlines D01"),
    ('"WITHDRAWAL"]', '"LETTER"]', "request_kinds", "there is no kind of request LETTER"),
    ("extensions = 1", 'extensions = "1"', "deadline.1.extensions", "valid integer"),
    ("length = 24", "lenght = 24", "deadline.4.lenght", "no such key"),
    ("required = true", "", "consultation.required", "this key is missing"),
    ('unit = "hour"\nmeasures = ["MEA-01"]', 'measures = ["MEA-01"]', "deadline.4", "together"),
]


@pytest.mark.parametrize(
    ("right", "wrong", "place", "what"), MISTAKES, ids=[each[2] for each in MISTAKES]
)
def test_a_mistake_is_named_with_its_line(right: str, wrong: str, place: str, what: str) -> None:
    text = EIO.replace(right, wrong, 1)
    (flaw,) = flaws(text)
    assert flaw.place == place
    assert what in flaw.what
    if wrong:
        first = wrong.splitlines()[0]
        near = line(text, first)
        assert abs(flaw.line - near) <= 5, (flaw, near)


def test_the_line_is_the_very_one() -> None:
    text = EIO.replace("REF-05 = {", "REF-99 = {")
    assert flaws(text)[0].line == line(text, "REF-99")
    text = EIO.replace('measures = ["MEA-09"]', 'measures = ["MEA-25"]')
    assert flaws(text)[0].line == line(text, '"MEA-25"')


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    text = EIO.replace("REF-05 = {", "REF-99 = {").replace("J09 = {", "Z09 = {")
    assert [flaw.place for flaw in flaws(text)] == ["field.Z09", "ground.REF-99"]


def test_what_is_no_toml_is_told_with_its_line() -> None:
    text = EIO.replace("[applies]", "[applies")
    (flaw,) = flaws(text)
    assert flaw.line == line(text, "[applies")
    assert "this is not TOML" in flaw.what
    (flaw,) = flaws("schema = 1\ncode =")
    assert "this is not TOML" in flaw.what


def test_what_is_no_text_is_told_with_its_line() -> None:
    with pytest.raises(ProfileError) as refused:
        read_instrument(b"schema = 1\n\xff\n")
    assert refused.value.flaws[0] == Flaw(line=2, place="file", what="this is not UTF-8")


def test_a_reservation_must_be_one_that_can_be_made() -> None:
    text = library.instrument_text("BUD").decode()
    text = text.replace('unless = "art29_4_dual_criminality"', 'unless = "art99"')
    (flaw,) = flaws(text)
    assert flaw.place == "barred.REF-05.unless"
    assert flaw.line == line(text, 'unless = "art99"')


def test_an_extension_needs_something_to_extend() -> None:
    text = EIO.replace('length = 30\nunit = "day"\n', "", 1)
    (flaw,) = flaws(text)
    assert "an extension needs a length" in flaw.what


def test_nobody_is_party_to_what_is_not_in_force() -> None:
    party = '\n[[party]]\ncountry = "QM"\nsince = 2026-01-01\narticle = "65"\nread = true\n'
    text = library.instrument_text("UNCC").decode() + party
    (flaw,) = flaws(text)
    assert (flaw.place, flaw.line) == ("party", 1)


def test_a_rule_for_a_kind_that_the_instrument_does_not_take_is_a_mistake() -> None:
    text = EIO.replace("E01 = { article", 'E01 = { kinds = ["MLA"], article')
    (flaw,) = flaws(text)
    assert "there is no request kind of this instrument MLA" in flaw.what


def test_what_may_leave_unvalidated_is_a_measure_of_the_instrument() -> None:
    text = (
        library.instrument_text("EER")
        .decode()
        .replace('unvalidated = ["MEA-01"', 'unvalidated = ["MEA-25"')
    )
    (flaw,) = flaws(text)
    assert flaw.place == "emergency.unvalidated"
