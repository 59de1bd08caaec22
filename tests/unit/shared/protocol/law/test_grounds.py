"""Which grounds may be chosen: Article 11 of the EIO Directive case by case, and the rules of the others."""

from typing import Any

import pytest

from shared.protocol.law import grounds, library
from shared.protocol.law.grounds import Case
from shared.protocol.law.instruments import packed
from tests.legal_matters import pair

EIO, BUD, UNTOC, EER = (packed(code) for code in ("EIO", "BUD", "UNTOC", "EER"))
TRAFFIC = Case(kind="EIO", measures=("MEA-06",))
LISTED = Case(kind="EIO", measures=("MEA-06",), listed=True, months=36)
ALWAYS = Case(kind="EIO", measures=("MEA-03",))
REQUEST = Case(kind="MLA", measures=("MEA-06",))

# Article 11(1) point by point: which of our grounds it is, and that it may be chosen.
ARTICLE_11 = [
    ("11(1)(a)", "REF-11", "immunity or privilege"),
    ("11(1)(a)", "REF-12", "freedom of the press"),
    ("11(1)(b)", "REF-13", "national security, a source, classified information"),
    ("11(1)(c)", "REF-08", "not allowed in a similar domestic case"),
    ("11(1)(d)", "REF-04", "ne bis in idem"),
    ("11(1)(e)", "REF-15", "committed outside the issuing State"),
    ("11(1)(f)", "REF-14", "Article 6 TEU and the Charter"),
    ("11(1)(f)", "REF-03", "persecution, as a matter of the Charter"),
    ("11(1)(f)", "REF-17", "death penalty, as a matter of the Charter"),
    ("11(1)(f)", "REF-18", "torture, as a matter of the Charter"),
    ("11(1)(g)", "REF-05", "no offence in the executing State"),
    ("11(1)(h)", "REF-16", "restricted to a list or threshold"),
]
# What other treaties have, and its closed list has not.
NOT_IN_ARTICLE_11 = ["REF-01", "REF-02", "REF-06", "REF-07"]
OUTSIDE = ["REF-09", "REF-21", "REF-24", "REF-25", "REF-27"]


@pytest.mark.parametrize(("article", "code", "why"), ARTICLE_11)
def test_article_11_names_it(article: str, code: str, why: str) -> None:
    assert grounds.unavailable(code, TRAFFIC, EIO, pair()) is None, why
    assert article in EIO.ground[code].article.replace("11(1)(c), 11(1)(h)", "11(1)(c)")


@pytest.mark.parametrize("code", NOT_IN_ARTICLE_11)
def test_article_11_is_a_closed_list(code: str) -> None:
    flaw = grounds.unavailable(code, TRAFFIC, EIO, pair())
    assert flaw is not None
    assert (flaw.ground, flaw.code) == (code, "barred")
    assert "11" in flaw.article


@pytest.mark.parametrize("code", OUTSIDE)
def test_what_the_directive_does_not_name_is_not_there(code: str) -> None:
    flaw = grounds.unavailable(code, TRAFFIC, EIO, pair())
    assert flaw is not None
    assert flaw.code == "not_in_instrument"


@pytest.mark.parametrize(
    ("case", "code", "reason"),
    [
        # 11(1)(g): not for listed offences of three years or more
        (LISTED, "REF-05", "listed"),
        (Case(kind="EIO", measures=("MEA-06",), listed=True, months=35), "REF-05", None),
        (Case(kind="EIO", measures=("MEA-06",), listed=False, months=60), "REF-05", None),
        # 11(2): (g) and (h) do not count for the measures of 10(2)
        (ALWAYS, "REF-05", "always_available"),
        (ALWAYS, "REF-16", "always_available"),
        (ALWAYS, "REF-08", "always_available"),
        (Case(kind="EIO", measures=("MEA-06", "MEA-15")), "REF-08", "always_available"),
        (LISTED, "REF-16", None),
        (ALWAYS, "REF-14", None),
        (ALWAYS, "REF-11", None),
    ],
)
def test_article_11_for_some_offences_and_measures(
    case: Case, code: str, reason: str | None
) -> None:
    flaw = grounds.unavailable(code, case, EIO, pair())
    assert (flaw.code if flaw is not None else None) == reason


@pytest.mark.parametrize("code", ["MEA-03", "MEA-04", "MEA-15", "MEA-21", "MEA-28"])
def test_the_measures_of_article_10_2_are_always_available(code: str) -> None:
    case = Case(kind="EIO", measures=(code,))
    for ground in ("REF-05", "REF-08", "REF-16"):
        assert grounds.unavailable(ground, case, EIO, pair()) is not None


@pytest.mark.parametrize("code", sorted(library.codes()["refusal"]))
def test_every_ground_is_there_for_a_reason_or_not_for_one(code: str) -> None:
    for name in library.INSTRUMENTS:
        instrument = packed(name)
        for kind in instrument.request_kinds:
            case = Case(kind=kind, measures=tuple(instrument.measure)[:1])
            flaw = grounds.unavailable(code, case, instrument, pair())
            assert (flaw is None) == (code in grounds.available(case, instrument, pair()))
            assert flaw is None or (flaw.why and flaw.article and flaw.ground == code)


def test_an_unknown_ground_is_none() -> None:
    flaw = grounds.unavailable("REF-99", TRAFFIC, EIO, pair())
    assert flaw is not None
    assert "no known ground" in flaw.why


@pytest.mark.parametrize("instrument", [BUD, UNTOC])
def test_a_fiscal_offence_is_never_the_only_ground(instrument: Any) -> None:  # noqa: ANN401
    alone = grounds.refusals(["REF-07"], REQUEST, instrument, pair())
    assert [flaw.ground for flaw in alone] == ["REF-07"]
    named = instrument.model_copy(
        update={"ground": {**instrument.ground, "REF-07": instrument.ground["REF-01"]}}
    )
    (flaw,) = grounds.refusals(["REF-07", "REF-07"], REQUEST, named, pair())
    assert flaw.code == "barred"
    assert grounds.refusals(["REF-07", "REF-01"], REQUEST, named, pair()) == []


def test_dual_criminality_is_not_asked_for_preservation_unless_reserved() -> None:
    case = Case(kind="PRESERVATION", measures=("MEA-01",))
    flaw = grounds.unavailable("REF-05", case, BUD, pair())
    assert flaw is not None
    assert (flaw.code, flaw.article) == ("barred", "BUD 29(3)")
    reserving = (
        pair().instrument[0].model_copy(update={"reservations": ("art29_4_dual_criminality",)})
    )
    other = pair().model_copy(update={"instrument": (reserving,)})
    assert grounds.unavailable("REF-05", case, BUD, other) is None


def test_a_pair_may_use_fewer() -> None:
    few = pair(grounds=["REF-01"])
    flaw = grounds.unavailable("REF-02", REQUEST, BUD, few)
    assert flaw is not None
    assert flaw.code == "not_in_pair"
    assert grounds.available(REQUEST, BUD, few) == ["REF-01"]


def test_some_grounds_are_for_some_kinds_only() -> None:
    notified = Case(kind="EER_NOTIFICATION", measures=("MEA-06",))
    enforced = Case(kind="EER_ENFORCEMENT", measures=("MEA-06",))
    assert grounds.unavailable("REF-23", notified, EER, pair()) is not None
    assert grounds.unavailable("REF-23", enforced, EER, pair()) is None


def test_a_choice_is_checked_one_by_one() -> None:
    flaws = grounds.refusals(["REF-01", "REF-02", "REF-14"], TRAFFIC, EIO, pair())
    assert [flaw.ground for flaw in flaws] == ["REF-01", "REF-02"]
    assert grounds.refusals(["REF-14", "REF-12"], TRAFFIC, EIO, pair()) == []
    assert grounds.refusals(["REF-14"], TRAFFIC, EIO, pair()) == []
