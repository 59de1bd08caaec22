"""Gates that protect people: the smallest thing that shuts each, and what opens it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange.gating import safeguards
from services.exchange.gating.matter import Privilege
from services.exchange.gating.overriding import ask
from services.exchange.gating.results import Fail, Gate, NeedsHuman, Pass
from tests.legal_matters import NOW, document, finding, item, matter, measure, override, pair

CAPITAL = {"death_penalty": True, "life_without_parole": False, "corporal": False}
RETAINS = {
    "requesting_retains": True,
    "assurance_required": True,
    "binding_signatories": ["QM-PG"],
}
ASSURANCE = {
    "text": "It will be neither asked for nor imposed nor carried out.",
    "signatory": "The Prosecutor General",
    "authority": "QM-PG",
    "date": "2026-11-20",
}
KEEPS = {"pair": pair(death_penalty=RETAINS)}


def capital(**assured: Any) -> dict[str, Any]:  # noqa: ANN401
    given = {**ASSURANCE, **assured} if assured else None
    return KEEPS | {"document": document(penalties=CAPITAL, death_penalty_assurance=given)}


ASSURED = capital(authority="QM-PG")
COVERS = finding("G07", "RD-CA")
NO_NOTE = pair().model_copy(update={"weighting": None})
SPECIAL = {
    "document": document(
        transfer_basis={"gateway": "SPECIAL_CIRCUMSTANCES", "assessment": "Strictly necessary."}
    )
}
OFFICER = finding("G09", "RD-DPO")
AUTHORITY = finding("G09", "RD-CA")
IMAGE = item(category="DC-IMG", readers=("Clara",))
NEEDED = {"document": document(sensitive_data="Nothing else shows who held the device.")}
CONTENT = item(category="DC-CNT")
CLEAN = item(category="DC-CNT", privilege="clean", filtered_by="Paula")


@pytest.mark.parametrize(
    ("gate", "changed", "code"),
    [
        (safeguards.death_penalty, {"pair": None}, "no_profile"),
        (safeguards.death_penalty, capital(), "no_assurance"),
        (safeguards.death_penalty, capital(authority="QM-MINISTRY"), "no_assurance"),
        (safeguards.death_penalty, capital(date="2026-11-23"), "no_assurance"),
        (
            safeguards.death_penalty,
            ASSURED | {"findings": [COVERS, finding("G07", "RD-CA", verdict="fail", at=NOW)]},
            "assurance_too_narrow",
        ),
        (safeguards.weighting, {"pair": None}, "no_profile"),
        (safeguards.weighting, {"pair": NO_NOTE, "items": (CONTENT,)}, "no_weighting_note"),
        (
            safeguards.weighting,
            {"pair": NO_NOTE, "items": (item(category=None),)},
            "no_weighting_note",
        ),
        (
            safeguards.weighting,
            {"at": NOW + timedelta(days=366), "items": (CONTENT,)},
            "no_weighting_note",
        ),
        (
            safeguards.weighting,
            {
                "pair": NO_NOTE,
                "items": (),
                "document": document(measures=[measure(code="MEA-07", data=None)]),
            },
            "no_weighting_note",
        ),
        (safeguards.transfer_gateway, {"pair": None}, "no_profile"),
        (
            safeguards.transfer_gateway,
            {
                "document": document(
                    transfer_basis={"gateway": "ADEQUACY", "assessment": "It is adequate."}
                )
            },
            "no_adequacy",
        ),
        (safeguards.special_categories, {"items": (IMAGE,)}, "special_category"),
        (
            safeguards.special_categories,
            NEEDED | {"items": (item(category="DC-IMG"),)},
            "special_category",
        ),
        (safeguards.special_categories, {"items": (item(category="unknown"),)}, "special_category"),
        (
            safeguards.privilege,
            {"items": (item(category="DC-CNT", privilege="clean", filtered_by="ANNA"),)},
            "own_filter",
        ),
        (
            safeguards.privilege,
            {"items": (item(category="DC-CNT", privilege="privileged", filtered_by="Paula"),)},
            "privileged",
        ),
        (
            safeguards.privilege,
            {"items": (item(category="DC-CNT", privilege="waived", filtered_by="Paula"),)},
            "privileged",
        ),
        (
            safeguards.privilege,
            {"items": (item(category="DC-PRV", privilege="clean", filtered_by="Paula"),)},
            "privileged",
        ),
        (safeguards.minimisation, {"items": (item(third_party=True),)}, "third_party_data"),
    ],
)
def test_what_shuts_a_gate(gate: Gate, changed: dict[str, Any], code: str) -> None:
    result = gate(matter(**changed))
    assert isinstance(result, Fail)
    assert result.code == code
    assert result.detail
    assert result.next


@pytest.mark.parametrize(
    ("gate", "changed", "note"),
    [
        (safeguards.death_penalty, {}, None),
        (safeguards.death_penalty, KEEPS, None),
        (safeguards.death_penalty, {"document": document(penalties=None)}, None),
        (safeguards.death_penalty, {"document": document(penalties=CAPITAL)}, None),
        (safeguards.death_penalty, ASSURED | {"findings": [COVERS]}, "assured"),
        (safeguards.weighting, {"pair": NO_NOTE}, None),  # tier 1
        (safeguards.weighting, {"items": (CONTENT,)}, "QN-on-QM"),
        (safeguards.weighting, {"items": (), "pair": NO_NOTE}, None),
        (safeguards.transfer_gateway, {}, "APPROPRIATE_SAFEGUARDS"),
        (
            safeguards.transfer_gateway,
            {"document": document(transfer_basis=None)},
            "APPROPRIATE_SAFEGUARDS",
        ),
        (
            safeguards.transfer_gateway,
            SPECIAL | {"findings": [OFFICER, AUTHORITY]},
            "SPECIAL_CIRCUMSTANCES",
        ),
        (safeguards.special_categories, {}, None),
        (safeguards.special_categories, NEEDED | {"items": (IMAGE,)}, None),
        (safeguards.privilege, {}, "not asked"),
        (safeguards.privilege, {"items": (CLEAN,)}, "filtered"),
        (safeguards.minimisation, {"items": (item(third_party=True, treated=True),)}, None),
    ],
)
def test_what_passes_a_gate(gate: Gate, changed: dict[str, Any], note: str | None) -> None:
    assert gate(matter(**changed)) == Pass(gate(matter()).gate, note)


def test_an_adequate_country_needs_no_more() -> None:
    adequate = {**pair().data_protection.model_dump(), "adequacy": True}
    result = safeguards.transfer_gateway(matter(pair=pair(data_protection=adequate)))
    assert result == Pass("G09", "ADEQUACY")


def test_a_capital_case_needs_somebody_to_read_the_assurance() -> None:
    result = safeguards.death_penalty(matter(**ASSURED))
    assert isinstance(result, NeedsHuman)
    assert (result.gate, result.role) == ("G07", "RD-CA")


@pytest.mark.parametrize(
    ("made", "role"),
    [
        ([], "RD-DPO"),
        ([AUTHORITY], "RD-DPO"),
        ([OFFICER], "RD-CA"),
        ([OFFICER, finding("G09", "RD-CA", officer=OFFICER.officer)], "RD-CA"),  # one person
        ([OFFICER, finding("G09", "RD-CA", text="Fine.")], "RD-CA"),
        ([OFFICER, finding("G09", "RD-CA", verdict="fail")], "RD-CA"),
        ([OFFICER, AUTHORITY, finding("G09", "RD-CA", at=NOW, verdict="fail")], "RD-CA"),
        ([OFFICER, finding("G09", "RD-CA", at=NOW + timedelta(seconds=1))], "RD-CA"),
    ],
)
def test_special_circumstances_are_written_down_by_two_before(made: list[Any], role: str) -> None:
    result = safeguards.transfer_gateway(matter(**SPECIAL, findings=made))
    assert isinstance(result, NeedsHuman)
    assert (result.gate, result.role) == ("G09", role)


@pytest.mark.parametrize(
    "changed",
    [
        {"items": (CONTENT,)},
        {"items": (item(category="DC-CNT", privilege="clean"),)},  # by nobody
        {"document": document(measures=[measure(1, code="MEA-11")])},
        {"document": document(sensitive_persons={"privileged": ["LAWYER"]})},
    ],
)
def test_the_filter_team_looks_at(changed: dict[str, Any]) -> None:
    result = safeguards.privilege(matter(**changed))
    assert isinstance(result, NeedsHuman)
    assert (result.gate, result.role) == ("G11", "RD-PRIV")


@pytest.mark.parametrize("verdict", ["privileged", "waived"])
def test_what_was_found_privileged_stays_though_nobody_asked(verdict: Privilege) -> None:
    found = item(privilege=verdict, filtered_by="Paula")
    result = safeguards.privilege(matter(items=(found,)))
    assert isinstance(result, Fail)
    assert (result.code, result.items) == ("privileged", ("i1",))
    one = item(item_id="i2")
    assert isinstance(safeguards.privilege(matter(items=(found, one))), NeedsHuman)


def test_a_court_opens_privileged_items_only_by_name() -> None:
    mine = item(privilege="waived", filtered_by="Anna")
    theirs = item(item_id="i2", privilege="privileged", filtered_by="Paula")
    case = matter(items=(mine, theirs))
    shut = safeguards.privilege(case)
    assert isinstance(shut, Fail)
    assert shut.items == ("i1", "i2")
    assert "2 items hold" in shut.detail
    assert "1 items were filtered" in shut.detail
    court = override("G11", "RD-JUD", about="package", items=("i1",))
    assert ask(safeguards.privilege, replace(case, findings=[court])) == shut
    both = replace(court, items=("i1", "i2"))
    assert isinstance(ask(safeguards.privilege, replace(case, findings=[both])), Pass)
