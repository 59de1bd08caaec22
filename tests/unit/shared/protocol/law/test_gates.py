"""The table of gates and what is written of it agree."""

from pathlib import Path

import pytest

from services.exchange.gating import moments
from services.exchange.gating.moments import Moment
from shared.protocol.law import gates, library
from tests.unit.services.exchange.gating.test_moments import RUNS_AT

SPEC = Path("shared/protocol/spec/gates.md").read_text(encoding="utf-8")
ROLES = {"RQ-JUD", "RQ-CA", "RD-CA", "RD-JUD", "RD-DPO", "RD-PRIV", "DUTY", "MINISTER"}
ROWS = {
    cells[0]: cells[1:]
    for line in SPEC.splitlines()
    if line.startswith(("| G", "| T"))
    and (cells := [part.strip() for part in line.split("|")[1:-1]])
}


def test_every_gate_has_its_row() -> None:
    assert set(ROWS) - {"gate"} == set(gates.table().gate)


@pytest.mark.parametrize("gate", sorted(gates.table().gate))
def test_a_row_says_what_the_table_says(gate: str) -> None:
    title, asked, finders, openers = ROWS[gate]
    rule = gates.rule(gate)
    assert title == rule.title
    assert asked.split(", ") == [each.value for each in Moment if each.value in RUNS_AT[gate]]
    assert [each for each in finders.split(", ") if each] == list(rule.finders)
    named = set(rule.override.roles) if rule.override is not None else set()
    assert {role for role in ROLES if role in openers} == named
    assert set(rule.refusal) <= library.codes()["refusal"].keys()
    assert named | set(rule.finders) <= ROLES


def test_the_policy_names_codes_that_exist() -> None:
    policy = gates.policy()
    known = library.codes()["measure"]
    assert {*policy.provisional, *policy.filtered_measures} <= known.keys()
    assert policy.sensitive_tier < policy.special_tier


def test_moments_and_gates_are_complete() -> None:
    assert set(moments.GATES) == set(Moment)
