"""Gates at the border: the smallest thing that shuts each, and what opens it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange.gating import leaving
from services.exchange.gating.matter import Challenge, Condition
from services.exchange.gating.results import Fail, Gate, NeedsHuman, Pass
from shared.protocol.law.instruments import packed
from shared.protocol.law.lifecycle import State
from tests.legal_matters import (
    NOW,
    STANDING,
    approval,
    document,
    item,
    matter,
    member,
    pair,
    request,
)

PREPARED = approval("package.prepare", "Anna")
CONDITION = Condition(code="COND-01", hash="aa", accepted_hash="aa")
CHALLENGE = Challenge(challenge_id="c", suspensive=True, open=True, packages=frozenset({"p"}))
EMERGENCY = document(urgency="EMERGENCY")
AT_NIGHT = {"document": EMERGENCY, "call_back": True, "validated": False}


@pytest.mark.parametrize(
    ("gate", "changed", "code"),
    [
        (leaving.authenticity, {"peer": None}, "unknown_peer"),
        (leaving.authenticity, {"replayed": True}, "replayed"),
        (leaving.authenticity, {"peer": member("QM", status="suspended")}, "peer_not_active"),
        (leaving.authenticity, {"peer": member("QM", kem=())}, "peer_not_active"),
        (leaving.authenticity, {"peer": member("QM", suites=("other",))}, "peer_not_active"),
        (leaving.authenticity, {"at": NOW + timedelta(seconds=10)}, "peer_not_active"),
        (leaving.authenticity, {"at": NOW - timedelta(seconds=11)}, "peer_not_active"),
        (
            leaving.four_eyes,
            {"approvals": (PREPARED, approval("package.clear", "ANNA", kid="other"))},
            "four_eyes",
        ),
        (
            leaving.four_eyes,
            {"approvals": (PREPARED, approval("package.clear", "Boris", kid=PREPARED.kid))},
            "four_eyes",
        ),
        (leaving.integrity, {"digest": "00"}, "digest_mismatch"),
        (leaving.integrity, {"digest": "", "closed_digest": ""}, "digest_mismatch"),
        (leaving.integrity, {"closed_digest": "00"}, "digest_mismatch"),
        (
            leaving.integrity,
            {"approvals": (PREPARED, approval("package.clear", "Boris", digest="00"))},
            "digest_mismatch",
        ),
        (leaving.oversight, {"log": replace(STANDING, alarm="rolled back")}, "log_stopped"),
        (leaving.oversight, {"log": replace(STANDING, blocked=True)}, "log_unwitnessed"),
        (
            leaving.oversight,
            {"log": replace(STANDING, alarm="forked"), "document": EMERGENCY},
            "log_stopped",
        ),
        (leaving.conditions, {"conditions": [replace(CONDITION, accepted_hash=None)]}, "conditions_open"),
        (leaving.conditions, {"conditions": [replace(CONDITION, hash="bb")]}, "conditions_open"),
        (
            leaving.conditions,
            {"conditions": [replace(CONDITION, accepted_hash=None, declined=True)]},
            "condition_declined",
        ),
        (leaving.challenge, {"challenges": [CHALLENGE]}, "held"),
        (leaving.challenge, {"challenges": [replace(CHALLENGE, packages=None)]}, "held"),
        (leaving.challenge, {"appeal_until": NOW + timedelta(seconds=1)}, "appeal_period"),
        (leaving.emergency, {"validated": False}, "not_validated"),
        (leaving.executing, {"request_state": State.SUSPENDED}, "request_not_open"),
        (leaving.executing, {"measures": {"M02": State.ACCEPTED}}, "request_not_open"),
    ],
)  # fmt: skip
def test_what_shuts_a_gate(gate: Gate, changed: dict[str, Any], code: str) -> None:
    result = gate(matter(**changed))
    assert isinstance(result, Fail)
    assert result.code == code
    assert result.detail
    assert result.rule
    assert result.next


@pytest.mark.parametrize(
    ("gate", "changed", "note"),
    [
        (leaving.authenticity, {}, None),
        (leaving.four_eyes, {}, None),
        (leaving.integrity, {}, None),
        (leaving.oversight, {"log": None}, None),  # the log itself refuses what it may not take
        (
            leaving.oversight,
            {"log": replace(STANDING, blocked=True), "document": EMERGENCY},
            "journal",
        ),
        (leaving.conditions, {"conditions": [CONDITION]}, None),
        (leaving.challenge, {"challenges": [replace(CHALLENGE, open=False)]}, None),
        (leaving.challenge, {"challenges": [replace(CHALLENGE, suspensive=False)]}, None),
        (leaving.challenge, {"challenges": [replace(CHALLENGE, packages=frozenset("q"))]}, None),
        (leaving.challenge, {"appeal_until": NOW}, None),
        (leaving.emergency, {}, None),
        (leaving.emergency, {"document": EMERGENCY, "call_back": True}, None),
        (leaving.emergency, AT_NIGHT, "unvalidated"),
        (leaving.executing, {"request_state": State.PARTIALLY_FULFILLED}, None),
        (
            leaving.executing,
            {
                "measures": {"M01": State.REFUSED, "M02": State.EXECUTING},
                "concerned": frozenset({"M02"}),
            },
            None,
        ),
    ],
)
def test_what_passes_a_gate(gate: Gate, changed: dict[str, Any], note: str | None) -> None:
    result = gate(matter(**changed))
    assert isinstance(result, Pass)
    assert result.note == note


@pytest.mark.parametrize(
    ("held", "role"),
    [((), "preparer"), ((PREPARED,), "approver"), ((approval("package.clear", "B"),), "preparer")],
)
def test_an_approval_that_is_missing_needs_a_person(held: tuple[Any, ...], role: str) -> None:
    result = leaving.four_eyes(matter(approvals=held))
    assert isinstance(result, NeedsHuman)
    assert result.role == role


def test_in_an_emergency_who_approves_does_not_send() -> None:
    result = leaving.four_eyes(request(document=EMERGENCY, actor="BORIS"))
    assert isinstance(result, Fail)
    assert result.code == "approver_sends"
    assert leaving.four_eyes(request(document=EMERGENCY, actor="Clara")) == Pass("G19")
    assert leaving.four_eyes(request(actor="Boris")) == Pass("G19")


def test_an_emergency_waits_for_the_call_back() -> None:
    result = leaving.emergency(matter(document=EMERGENCY))
    assert isinstance(result, NeedsHuman)
    assert (result.gate, result.role) == ("G20", "DUTY")
    no_rule = matter(document=EMERGENCY, pair=None)
    assert isinstance(leaving.emergency(no_rule), NeedsHuman)
    waived = {**pair().model_dump(by_alias=True)["emergency"], "call_back": False}
    assert isinstance(
        leaving.emergency(matter(document=EMERGENCY, pair=pair(emergency=waived))), Pass
    )


def test_unvalidated_only_what_the_profile_lets_go() -> None:
    asked = [
        {**each.model_dump(mode="json", by_alias=True, exclude_none=True), "code": code}
        for each, code in zip(EMERGENCY.measures, ("MEA-03", "MEA-07"), strict=True)
    ]
    content = document(urgency="EMERGENCY", measures=asked)
    case = {
        **AT_NIGHT,
        "document": content,
        "items": (item(), item(item_id="i2", measure_id="M01")),
    }
    result = leaving.emergency(matter(**case))
    assert isinstance(result, Fail)
    assert result.items == ("M02",)  # MEA-07
    assert leaving.emergency(matter(**case, concerned=frozenset({"M01"}))) == Pass(
        "G20", "unvalidated"
    )
    assert leaving.emergency(matter(**case | {"validated": True})) == Pass("G20")


def test_without_a_rule_of_the_pair_the_instruments_counts() -> None:
    bare = pair().model_copy(update={"emergency": None})
    case = matter(**AT_NIGHT, pair=bare, instrument=packed("EER"))
    assert leaving.emergency(case) == Pass("G20", "unvalidated")
    none = leaving.emergency(matter(**AT_NIGHT, pair=bare))  # BUD has none
    assert isinstance(none, Fail)
    assert "without it go: none" in none.detail


@pytest.mark.parametrize("state", State)
def test_evidence_goes_out_in_two_states_only(state: State) -> None:
    opened = isinstance(leaving.executing(matter(request_state=state)), Pass)
    assert opened == (state in {"S14", "S15"})
