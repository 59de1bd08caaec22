"""Gates on what is asked: bounds of the instrument, completeness, authority, particularity, necessity."""

from datetime import timedelta
from typing import Any

import pytest

from services.exchange.gating import substance
from services.exchange.gating.results import Fail, Gate, NeedsHuman, Pass
from shared.protocol.law.instruments import packed
from tests.legal_matters import (
    NOW,
    OWN_WORDS,
    document,
    finding,
    matter,
    measure,
    pair,
    request,
)

EER = {"instrument": packed("EER")}


def asked(code: str, **changed: Any) -> Any:  # noqa: ANN401
    """Return a document that asks for one measure."""
    return document(measures=[measure(1, code=code, **changed)])


def eer(code: str, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    return EER | {
        "document": document(
            request_kind="EER_ENFORCEMENT",
            legal_basis=[{"instrument": "EER", "article": "16"}],
            measures=[measure(1, code=code)],
            **changed,
        )
    }


LIGHT = [
    {
        "name": "Insult",
        "provision": "1",
        "law": "Whoever insults another.",
        "max_penalty_months": 12,
    }
]
LISTED = [{**LIGHT[0], "categories": ["OFF-E08"]}]


def kept(code: str) -> dict[str, Any]:
    """Have the two countries ask for traffic data and content from three years on."""
    least = {"traffic_or_content_months": 36}
    return {
        "pair": pair(thresholds=least),
        "document": document(measures=[measure(1, code=code)], offences=LIGHT),
    }


def back() -> Any:  # noqa: ANN401
    """Have an instrument come back, after it was in force for one measure alone."""
    now = pair().instrument[0]
    first = now.model_copy(update={"until": now.since, "measures": ("MEA-03",)})
    return pair().model_copy(update={"instrument": (now, first)})


def narrow() -> Any:  # noqa: ANN401
    between = pair().instrument[0].model_copy(update={"measures": ("MEA-03",)})
    return pair().model_copy(update={"instrument": (between,)})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"pair": None}, "no_legal_basis"),
        ({"instrument": None}, "no_legal_basis"),
        ({"instrument": packed("UNCC")}, "no_legal_basis"),  # not in force between both
        ({"pair": pair(valid_until=NOW.date())}, "no_legal_basis"),
        ({"document": document(request_kind="EIO")}, "kind_not_taken"),
        ({"document": asked("MEA-13")}, "measure_not_available"),
        ({"pair": narrow()}, "measure_not_available"),
        (eer("MEA-07", offences=LIGHT), "offence_not_grave"),
        (kept("MEA-06"), "offence_not_grave"),
        (
            {
                "document": document(legal_basis=[{"instrument": "BUD", "article": "27 (2)"}]),
                "other_instruments": [packed("BILATERAL")],
            },
            "treaty_first",
        ),
    ],
)
def test_out_of_the_bounds_of_the_instrument(changed: dict[str, Any], code: str) -> None:
    result = substance.instrument_bounds(matter(**changed))
    assert isinstance(result, Fail)
    assert (result.gate, result.code) == ("G24", code)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        eer("MEA-07"),
        eer("MEA-07", offences=LISTED),
        {"document": document(legal_basis=[{"instrument": "BUD", "article": "27(2)"}])},
        {"other_instruments": [packed("BILATERAL")]},  # Article 31 is not residual
        {"pair": narrow(), "concerned": frozenset({"M01"})},
        {"pair": back()},
        kept("MEA-03"),
    ],
)
def test_within_the_bounds(changed: dict[str, Any]) -> None:
    assert isinstance(substance.instrument_bounds(matter(**changed)), Pass)


def test_some_instruments_serve_no_third_state() -> None:
    asking = document(on_behalf_of="XA")
    assert isinstance(substance.instrument_bounds(matter(document=asking)), Pass)
    kept = eer("MEA-03", on_behalf_of="XA")
    result = substance.instrument_bounds(matter(**kept))
    assert isinstance(result, Fail)
    assert result.code == "third_state"


@pytest.mark.parametrize("gate", [substance.completeness_of, substance.authority])
@pytest.mark.parametrize("changed", [{"pair": None}, {"instrument": None}])
def test_without_a_profile_nobody_knows(gate: Gate, changed: dict[str, Any]) -> None:
    result = gate(matter(**changed))
    assert isinstance(result, Fail)
    assert result.code == "no_profile"


def test_what_is_missing_is_named_with_its_measure() -> None:
    result = substance.completeness_of(
        request(document=document(facts=None, measures=[measure(nexus=None)]))
    )
    assert isinstance(result, Fail)
    assert result.code == "incomplete"
    assert "E01" in result.detail
    assert "M01" in result.detail
    assert substance.completeness_of(request()) == Pass("G02")


def test_an_identifier_has_to_be_one() -> None:
    bad = [{"kind": "E_MAIL", "value": "nobody", "document": "d", "page": "1"}]
    result = substance.completeness_of(
        request(document=document(measures=[measure(identifiers=bad)]))
    )
    assert isinstance(result, Fail)
    assert (result.code, "nobody" in result.detail) == ("incomplete", True)


@pytest.mark.parametrize(
    ("code", "issuing", "validating", "good"),
    [
        ("MEA-06", "J", None, True),
        ("MEA-06", "P", None, False),
        ("MEA-06", "A", "J", True),
        ("MEA-06", "J", "P", True),
        ("MEA-03", "P", None, True),
        ("MEA-03", "A", None, False),
        ("MEA-03", None, None, False),
    ],
)
def test_who_ordered_it_is_judicial_enough(
    code: str,
    issuing: str | None,
    validating: str | None,
    good: bool,  # noqa: FBT001
) -> None:
    def who(level: str | None) -> dict[str, str] | None:
        return level and {"name": "n", "function": "f", "person": "p", "level": level}  # type: ignore[return-value]

    draft = document(
        measures=[measure(code=code)],
        issuing_authority=who(issuing),
        validating_authority=who(validating),
    )
    result = substance.authority(request(document=draft))
    assert isinstance(result, Pass) == good


def test_the_pair_may_ask_for_a_higher_authority() -> None:
    strict = pair(authority_levels={"MEA-03": "J"})
    result = substance.authority(request(pair=strict))
    assert isinstance(result, Fail)
    assert result.code == "authority_not_competent"


def test_an_emergency_may_come_before_its_validation() -> None:
    night = request(document=document(urgency="EMERGENCY"), validated=False)
    assert substance.authority(night) == Pass("G01", "unvalidated")


def test_who_says_that_a_validation_is_due_has_none_yet() -> None:
    due = document(validation_due="2026-11-24T09:00:00Z", measures=[measure(code="MEA-06")])
    early = substance.authority(request(document=due, validated=False))
    assert isinstance(early, Fail)
    assert early.code == "authority_not_competent"
    assert substance.authority(request(document=due, validated=True)) == Pass("G01")


def test_a_measure_that_the_instrument_does_not_know_is_for_another_gate() -> None:
    assert isinstance(substance.authority(request(document=asked("MEA-13"))), Pass)


def test_the_assessment_is_the_reviewers_own() -> None:
    case = matter()
    copied = case.document.measures[0].necessity
    for changed in (
        {"text": "Fine."},
        {"text": copied},
        {"text": f"I agree. {copied.upper()}"},
        {"text": copied[5:-5]},
        {"officer": "Anna"},  # who packed
    ):
        result = substance.necessity(matter(findings=[finding("G04", "RD-CA", **changed)]))
        assert isinstance(result, Fail), changed
        assert result.code == "assessment_not_own"
    quoted = finding("G04", "RD-CA", text=f"{copied} {OWN_WORDS}")
    assert substance.necessity(matter(findings=[quoted])) == Pass("G04")


@pytest.mark.parametrize(
    "made",
    [
        [],
        [finding("G04", "RQ-JUD")],  # the other side's
        [finding("G04", "RD-CA", at=NOW + timedelta(seconds=1))],  # afterwards
        [finding("G04", "RD-CA", items=("M01",))],  # of one measure
    ],
)
def test_an_assessment_that_is_missing(made: list[Any]) -> None:
    result = substance.necessity(matter(findings=made))
    assert isinstance(result, NeedsHuman)
    assert result.role == "RD-CA"


def test_a_reviewer_may_find_it_out_of_proportion() -> None:
    made = [finding("G04", "RD-CA"), finding("G04", "RD-CA", verdict="fail", at=NOW)]
    result = substance.necessity(matter(findings=made))
    assert isinstance(result, Fail)
    assert result.code == "not_necessary"


def test_the_requesting_judge_assesses_there() -> None:
    assert substance.necessity(request()) == Pass("G04")
    asked_for = substance.necessity(request(findings=()))
    assert isinstance(asked_for, NeedsHuman)
    assert asked_for.role == "RQ-JUD"
