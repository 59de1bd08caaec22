"""G05 and G06: punishable on both sides, and looked at by two people where it smells of politics."""

from typing import Any

import pytest

from services.exchange.gating import offences
from services.exchange.gating.results import Fail, NeedsHuman, Pass
from shared.protocol.law.instruments import packed
from tests.legal_matters import REASONS, document, finding, matter, measure, pair

OFFENCE = {
    "name": "Fraud",
    "provision": "1",
    "law": "Whoever deceives another.",
    "max_penalty_months": 36,
    "categories": ["OFF-E08"],
}
EIO = {"request_kind": "EIO", "legal_basis": [{"instrument": "EIO", "article": "1"}]}
FLAGS = {"minor": False, "vulnerable": False}


def eio(**changed: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"instrument": packed("EIO"), "document": document(**EIO | changed), "findings": ()}


def bud(**changed: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"document": document(**changed), "findings": ()}


TRAFFIC = {"measures": [measure(1, code="MEA-06")]}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (bud(request_kind="PRESERVATION"), "barred"),
        (eio(**TRAFFIC, listed_category=True, offences=[OFFENCE]), "listed"),
        (eio(), "always_available"),  # MEA-03 and MEA-04, EIO 10(2)(e)
        (
            bud() | {"instrument": packed("EER").model_copy(update={"ground": {}})},
            "not_in_instrument",
        ),
        (bud() | {"pair": pair(grounds=["REF-01"])}, "not_in_pair"),
    ],
)
def test_where_nobody_asks_for_dual_criminality(changed: dict[str, Any], why: str) -> None:
    assert offences.dual_criminality(matter(**changed)) == Pass("G05", why)


def reserved() -> Any:  # noqa: ANN401
    bud = {"code": "BUD", "since": "2012-04-01"}
    between = (
        pair().instrument[0].model_copy(update={"reservations": ("art29_4_dual_criminality",)})
    )
    assert between.code == bud["code"]
    return pair().model_copy(update={"instrument": (between,)})


@pytest.mark.parametrize(
    "changed",
    [
        bud(),
        bud(request_kind="PRESERVATION") | {"pair": reserved()},
        eio(**TRAFFIC),
        eio(**TRAFFIC, offences=[OFFENCE]),  # not claimed
        eio(**TRAFFIC, listed_category=True, offences=[{**OFFENCE, "max_penalty_months": 35}]),
        eio(**TRAFFIC, listed_category=True, offences=[{**OFFENCE, "categories": []}]),
        eio(**TRAFFIC, listed_category=True, offences=[OFFENCE, {**OFFENCE, "categories": []}]),
        eio(measures=[measure(0), measure(1, code="MEA-06")]),  # one of them always available
    ],
)
def test_where_somebody_has_to_find_it(changed: dict[str, Any]) -> None:
    result = offences.dual_criminality(matter(**changed))
    assert isinstance(result, NeedsHuman)
    assert result.role == "RD-CA"
    found = [finding("G05", "RD-CA")]
    assert offences.dual_criminality(matter(**changed | {"findings": found})) == Pass(
        "G05", "found"
    )


def test_the_conduct_may_be_no_offence_here() -> None:
    result = offences.dual_criminality(matter(findings=[finding("G05", "RD-CA", verdict="fail")]))
    assert isinstance(result, Fail)
    assert result.code == "no_offence_here"


def test_without_the_conduct_nothing_can_be_found() -> None:
    result = offences.dual_criminality(matter(document=document(dual_criminality=None)))
    assert isinstance(result, Fail)
    assert "D04" in result.next


@pytest.mark.parametrize("changed", [{"pair": None}, {"instrument": None}])
def test_without_a_profile_nobody_knows(changed: dict[str, Any]) -> None:
    assert isinstance(offences.dual_criminality(matter(**changed)), Fail)


POLITICAL = document(nature="POLITICAL")
TRIGGERS: list[dict[str, Any]] = [
    {"document": POLITICAL},
    {"document": document(sensitive_persons={**FLAGS, "privileged": ["JOURNALIST"]})},
    {"document": document(sensitive_persons={**FLAGS, "privileged": ["PARLIAMENT", "DOCTOR"]})},
    {"pair": pair(political_families=["fraud"])},
]


@pytest.mark.parametrize("changed", TRIGGERS)
def test_what_two_people_look_at(changed: dict[str, Any]) -> None:
    one = finding("G06", "RD-CA")
    for made in ([], [one], [one, one], [one, finding("G06", "RD-EXE", officer="other")]):
        result = offences.political(matter(**changed, findings=made))
        assert isinstance(result, NeedsHuman)
        assert result.gate == "G06"
    both = [one, finding("G06", "RD-JUD")]
    assert offences.political(matter(**changed, findings=both)) == Pass("G06", "reviewed")


def test_a_concern_has_two_people_look_and_is_no_review() -> None:
    concern = finding("G06", "RD-CA", officer="Carl", verdict="concern", text=REASONS)
    assert isinstance(offences.political(matter(findings=[concern])), NeedsHuman)
    one = finding("G06", "RD-JUD")
    assert isinstance(offences.political(matter(findings=[concern, one])), NeedsHuman)
    assert isinstance(offences.political(matter(findings=[one, concern])), NeedsHuman)
    both = [concern, one, finding("G06", "RD-CA", officer="Carl")]
    assert offences.political(matter(findings=both)) == Pass("G06", "reviewed")


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"pair": None},
        {"document": document(sensitive_persons=None)},
        {"document": document(sensitive_persons={**FLAGS, "privileged": ["DOCTOR"]})},
        {"document": document(nature="FISCAL", offences=None)},
    ],
)
def test_what_nobody_has_to_look_at(changed: dict[str, Any]) -> None:
    assert offences.political(matter(**changed)) == Pass("G06")


def test_a_reviewer_may_find_politics_and_names_grounds_that_there_are() -> None:
    made = [finding("G06", "RD-CA", verdict="fail")]
    result = offences.political(matter(document=POLITICAL, findings=made))
    assert isinstance(result, Fail)
    assert "REF-02" in result.next
    told = offences.political(matter(document=POLITICAL, findings=made, instrument=packed("EIO")))
    assert isinstance(told, Fail)
    assert "REF-02" not in told.next
    assert "REF-14" in told.next
    bare = offences.political(matter(document=POLITICAL, findings=made, instrument=None))
    assert isinstance(bare, Fail)
