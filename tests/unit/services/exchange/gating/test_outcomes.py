"""What was found of one measure or item says nothing of another; the newest word on each one counts."""

from typing import Any

import pytest

from services.exchange.gating import offences, safeguards, substance
from services.exchange.gating.matter import Part
from services.exchange.gating.results import Fail, Gate, NeedsHuman, Pass
from shared.protocol.law.instruments import packed
from tests.legal_matters import NOW, document, finding, item, matter, measure, override
from tests.unit.services.exchange.gating.test_offences import POLITICAL
from tests.unit.services.exchange.gating.test_safeguards import ASSURED, SPECIAL

ACCEPTED: dict[str, Any] = {"package_id": None, "items": ()}
LATER: dict[str, Any] = {"at": NOW, "verdict": "fail", "items": ("M02",), "officer": "Otto"}
ITEMS: dict[str, Any] = {"items": (item(measure_id="M01"), item(item_id="i2"))}
GATES: list[tuple[Gate, str, dict[str, Any]]] = [
    (substance.necessity, "G04", {}),
    (offences.dual_criminality, "G05", {}),
    (safeguards.death_penalty, "G07", ASSURED),
]


def reviewed(**changed: Any) -> list[Any]:  # noqa: ANN401
    return [finding("G06", role, **changed) for role in ("RD-CA", "RD-JUD")]


def assessed(**changed: Any) -> list[Any]:  # noqa: ANN401
    return [finding("G09", role, **changed) for role in ("RD-CA", "RD-DPO")]


@pytest.mark.parametrize(("gate", "number", "case"), GATES)
def test_a_later_word_on_one_measure_shuts_the_gate_for_it(
    gate: Gate, number: str, case: dict[str, Any]
) -> None:
    whole, narrow = finding(number, "RD-CA"), finding(number, "RD-CA", **LATER)
    both = gate(matter(**ACCEPTED | case, findings=[whole, narrow]))
    assert isinstance(both, Fail)
    assert both.items == ("M02",)
    one = frozenset({"M01"})
    other = gate(matter(**ACCEPTED | case, findings=[whole, narrow], concerned=one))
    assert isinstance(other, Pass)


@pytest.mark.parametrize(("gate", "number", "case"), GATES)
def test_a_word_on_one_measure_opens_no_other(
    gate: Gate, number: str, case: dict[str, Any]
) -> None:
    first = finding(number, "RD-CA", items=("M01",))
    assert isinstance(gate(matter(**ACCEPTED | case, findings=[first])), NeedsHuman)
    second = finding(number, "RD-CA", items=("M02",), officer="Otto")
    assert isinstance(gate(matter(**ACCEPTED | case, findings=[first, second])), Pass)


def test_what_needs_no_dual_criminality_needs_no_word_on_it() -> None:
    spared: Any = {
        "document": document(measures=[measure(0), measure(1, code="MEA-06")], request_kind="EIO"),
        "instrument": packed("EIO"),
    }
    made = [finding("G05", "RD-CA", items=("M02",))]
    assert offences.dual_criminality(matter(**ACCEPTED | spared, findings=made)) == Pass(
        "G05", "found"
    )


def test_two_people_look_at_each_measure_for_politics() -> None:
    case: Any = ACCEPTED | {"document": POLITICAL}
    first = reviewed(items=("M01",))
    assert isinstance(offences.political(matter(**case, findings=first)), NeedsHuman)
    second = reviewed(items=("M02",))
    assert isinstance(offences.political(matter(**case, findings=[*first, *second])), Pass)
    narrow = finding("G06", "RD-CA", **LATER)
    shut = offences.political(matter(**case, findings=[*reviewed(), narrow]))
    assert isinstance(shut, Fail)
    assert shut.items == ("M02",)


def test_an_override_is_no_review_and_takes_none_back() -> None:
    against = finding("G06", "RD-CA", verdict="fail")
    made = [against, override("G06", "RD-CA", at=NOW), finding("G06", "RD-JUD")]
    assert isinstance(offences.political(matter(document=POLITICAL, findings=made)), Fail)


def test_a_transfer_is_assessed_for_each_item() -> None:
    made = assessed(about="package", items=("i1",))
    assert isinstance(
        safeguards.transfer_gateway(matter(**SPECIAL | ITEMS, findings=made)), NeedsHuman
    )
    one: Any = {"items": (item(),)}
    only = frozenset({"M02"})
    kept = safeguards.transfer_gateway(matter(**SPECIAL | one, findings=made, concerned=only))
    assert isinstance(kept, Pass)
    made += assessed(about="package", items=("i2",))
    assert isinstance(safeguards.transfer_gateway(matter(**SPECIAL | ITEMS, findings=made)), Pass)
    one_of = finding("G09", "RD-DPO", about="package", items=("i2",), verdict="fail", at=NOW)
    shut = safeguards.transfer_gateway(matter(**SPECIAL | ITEMS, findings=[*made, one_of]))
    assert isinstance(shut, NeedsHuman)


@pytest.mark.parametrize("items", [(), ("M01", "M02")])
def test_what_was_found_of_a_request_counts_for_the_items_of_its_measures(
    items: tuple[str, ...],
) -> None:
    made = assessed(items=items)
    assert isinstance(safeguards.transfer_gateway(matter(**SPECIAL | ITEMS, findings=made)), Pass)
    less = assessed(items=("M01",))
    waiting = safeguards.transfer_gateway(matter(**SPECIAL | ITEMS, findings=less))
    assert isinstance(waiting, NeedsHuman)


def test_a_word_on_one_item_shuts_the_gate_for_its_measure() -> None:
    narrow = finding("G04", "RD-CA", about="package", items=("i2",), verdict="fail", at=NOW)
    shut = substance.necessity(matter(**ITEMS, findings=[finding("G04", "RD-CA"), narrow]))
    assert isinstance(shut, Fail)
    assert shut.items == ("M02",)


def test_names_of_measures_and_of_items_do_not_mix() -> None:
    parts = matter(items=(item(item_id="M01"),)).parts()
    assert parts == [Part("M02", "M01"), Part("M01")]
    assert finding("G04", "RD-CA", items=("M01",)).among(parts) == [Part("M01")]
    assert finding("G04", "RD-CA", about="package", items=("M01",)).among(parts) == parts[:1]


def test_what_answers_no_measure_is_not_forgotten() -> None:
    stray: Any = {"items": (item(measure_id=None),)}
    named = finding("G04", "RD-CA", items=("M01", "M02"))
    assert isinstance(substance.necessity(matter(**stray, findings=[named])), NeedsHuman)
    against = finding("G04", "RD-CA", verdict="fail", at=NOW, about="package", items=("i1",))
    shut = substance.necessity(matter(**stray, findings=[finding("G04", "RD-CA"), against]))
    assert isinstance(shut, Fail)
    assert shut.items == ("i1",)
    none = matter(concerned=frozenset({"M09"}), items=(), findings=[named])
    assert none.parts() == [Part(None)]
    assert isinstance(substance.necessity(none), NeedsHuman)
