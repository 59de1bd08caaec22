"""An override exists where the table has one, by the role that it names, with reasons, and by nobody else."""

from dataclasses import replace
from typing import Any

import pytest

from services.exchange.gating import leaving, safeguards, substance, using
from services.exchange.gating.matter import Condition, Export, Matter, Reading, Use
from services.exchange.gating.overriding import ask
from services.exchange.gating.results import Fail, Gate, NeedsHuman, Pass, Result, fail, needs
from shared.protocol.law import gates
from tests.legal_matters import NOW, document, finding, item, matter, measure, override, pair
from tests.unit.services.exchange.gating.test_safeguards import capital

ROLES = [
    "RQ-INV",
    "RQ-JUD",
    "RQ-CA",
    "RD-CA",
    "RD-EXE",
    "RD-JUD",
    "RD-DPO",
    "RD-PRIV",
    "DUTY",
    "MINISTER",
]
PRESERVE = {"document": document(measures=[measure(code="MEA-01")])}
PROVISIONAL = {
    "document": document(measures=[measure(n, code="MEA-01", nexus=None) for n in (0, 1)])
}
UNWEIGHTED = {
    "pair": pair().model_copy(update={"weighting": None}),
    "document": document(measures=[measure(n, code="MEA-07", data=None) for n in (0, 1)]),
}
URGENT = {"export": Export(recipient="XA", purpose="p", items=frozenset(), urgent=True)}
# The last column of the table of gates: role, or the roles that are needed together.
ALLOWED = {
    "G02": [{"RD-CA"}],
    "G03": [{"RD-CA"}],
    "G06": [{"RD-CA", "RD-JUD"}],
    "G07": [{"MINISTER"}],
    "G08": [{"MINISTER"}],
    "G09": [{"RD-DPO", "RD-CA"}],
    "G10": [{"RD-DPO"}],
    "G11": [{"RD-JUD"}],
    "G15": [{"RQ-JUD"}, {"RD-JUD"}],
    "G16": [{"RD-DPO"}],
    "G17": [{"RQ-CA"}],
    "G18": [{"RQ-JUD"}],
    "G20": [{"RD-JUD"}],
    "G21": [{"RD-CA"}],
}
NONE = {"G01", "G04", "G05", "G12", "G13", "G14", "G19", "G22", "G23", "G24", "T21"}


def asked(gate: str, result: Result | None = None, **changed: Any) -> Result:  # noqa: ANN401
    def shut(_: Matter) -> Result:
        return result or fail(gate, "shut", "It is shut.", "Wait.")

    return ask(shut, matter(**PRESERVE | URGENT | changed))


def test_the_table_names_every_gate_and_its_override() -> None:
    table = gates.table().gate
    assert set(table) == set(ALLOWED) | NONE
    assert {gate for gate, rule in table.items() if rule.override is None} == NONE
    assert len(table) == 25


@pytest.mark.parametrize("gate", sorted(set(ALLOWED) | NONE))
def test_no_role_alone_opens_what_the_table_does_not_give_it(gate: str) -> None:
    for role in ROLES:
        result = asked(gate, findings=[override(gate, role)])
        assert isinstance(result, Pass) == ({role} in ALLOWED.get(gate, [])), role


@pytest.mark.parametrize("gate", sorted(set(ALLOWED) | NONE))
def test_the_named_roles_open_it_and_are_named(gate: str) -> None:
    every = [override(gate, role) for role in ROLES]
    result = asked(gate, findings=every)
    if gate in NONE:
        assert isinstance(result, Fail)
        return
    assert isinstance(result, Pass)
    assert result.note == "overridden"
    assert set(result.by) <= {f"{role} one" for role in ROLES}
    for wanted in ALLOWED[gate]:
        some = asked(gate, findings=[override(gate, role) for role in wanted])
        assert isinstance(some, Pass)
        assert some.by == tuple(sorted(f"{role} one" for role in wanted))


@pytest.mark.parametrize(
    "made",
    [
        override("G21", "RD-CA", verdict="pass"),
        override("G21", "RD-CA", verdict="fail"),
        override("G21", "RD-CA", text="Let it go."),  # no reasons
        override("G21", "RD-CA", text=" " * 60),
        override("G21", "RD-CA", officer="anna"),  # who packed it
        override("G21", "RD-CA", at=NOW.replace(year=2027)),
        override("G22", "RD-CA"),  # of another gate
        override("G21", "RD-CA", about="package", items=("i2",)),  # of another item
    ],
)
def test_what_is_no_override(made: Any) -> None:  # noqa: ANN401
    shut = fail("G21", "third_party_data", "Third persons.", "Redact.", ["i1"])
    assert asked("G21", shut, findings=[made]) == shut


def test_an_override_is_about_its_items() -> None:
    shut = fail("G21", "third_party_data", "Third persons.", "Redact.", ["i1", "i2"])
    both = override("G21", "RD-CA", about="package", items=("i1", "i2", "i3"))
    assert isinstance(asked("G21", shut, findings=[both]), Pass)
    one = replace(both, items=("i1",))
    assert isinstance(asked("G21", shut, findings=[one]), Fail)


@pytest.mark.parametrize("gate", ["G16", "G20", "G07"])
def test_an_override_of_a_part_never_opens_the_whole(gate: str) -> None:
    role = next(iter(ALLOWED[gate][0]))
    for about, items in (("request", ("M01",)), ("request", ("M01", "M02")), ("package", ("i1",))):
        made = override(gate, role, about=about, items=items)
        assert isinstance(asked(gate, findings=[made]), Fail), items
    assert isinstance(asked(gate, findings=[override(gate, role)]), Pass)


SHUT: list[tuple[Gate, str, str, dict[str, Any]]] = [
    (substance.completeness_of, "G02", "RD-CA", PROVISIONAL),
    (safeguards.death_penalty, "G07", "MINISTER", capital()),
    (safeguards.weighting, "G08", "MINISTER", UNWEIGHTED),
    (leaving.emergency, "G20", "RD-JUD", {"validated": False}),
]


@pytest.mark.parametrize(("gate", "number", "role", "case"), SHUT)
def test_an_override_opens_the_measures_that_it_names(
    gate: Gate, number: str, role: str, case: dict[str, Any]
) -> None:
    for items, opens in (((), True), (("M01", "M02"), True), (("M01",), False), (("M02",), False)):
        made = override(number, role, items=items)
        result = ask(gate, matter(**{"items": ()} | case, findings=[made]))
        assert isinstance(result, Pass) == opens, items
    only = matter(**{"items": ()} | case, concerned=frozenset({"M01"}))
    one = override(number, role, items=("M01",))
    assert isinstance(ask(gate, replace(only, findings=[one])), Pass)


def test_a_measure_is_named_by_all_of_its_items() -> None:
    case = matter(validated=False, items=(item(), item(item_id="i2")), concerned=frozenset({"M02"}))
    for items, opens in ((("i1", "i2"), True), (("i1",), False)):
        made = override("G20", "RD-JUD", about="package", items=items)
        result = ask(leaving.emergency, replace(case, findings=[made]))
        assert isinstance(result, Pass) == opens, items


def test_each_tier_needs_a_note_of_its_own() -> None:
    """A note on tier 4 says nothing of the tier below it."""
    note = pair().weighting
    assert note is not None
    highest = pair().model_copy(update={"weighting": note.model_copy(update={"tiers": (1, 4)})})
    items = (item(category="DC-CNT"), item(item_id="i2", measure_id="M01", category="DC-IMG"))
    result = safeguards.weighting(matter(pair=highest, items=items))
    assert isinstance(result, Fail)
    assert result.items == ("M02",)


def test_a_judge_opens_evidence_for_the_one_case_that_is_named() -> None:
    shut = fail("G18", "other_case", "Another case.", "Ask.", use=Use(case="QM-2026-0091"))
    one = override("G18", "RQ-JUD", use=Use(case="QM-2026-0091"))
    two = override("G18", "RQ-JUD", use=Use(case="QM-2026-0092"))
    assert asked("G18", shut, findings=[one, two]) == Pass("G18", "overridden", ("RQ-JUD one",))
    assert asked("G18", shut, findings=[two]) == shut
    assert asked("G18", shut, findings=[replace(one, use=Use())]) == shut
    assert isinstance(asked("G21", findings=[replace(one, gate="G21", role="RD-CA")]), Fail)


def test_an_officer_may_take_it_back() -> None:
    made = [override("G21", "RD-CA"), finding("G21", "RD-CA", verdict="fail", at=NOW)]
    assert isinstance(asked("G21", findings=made), Fail)


def test_two_persons_are_not_one_with_two_roles() -> None:
    for gate in ("G06", "G09"):
        roles = sorted(ALLOWED[gate][0])
        same = [override(gate, role, officer="Otto") for role in roles]
        assert isinstance(asked(gate, findings=same), Fail)


def test_an_incomplete_request_goes_on_with_provisional_measures_only() -> None:
    made = [override("G02", "RD-CA")]
    assert isinstance(asked("G02", findings=made), Pass)
    assert isinstance(asked("G02", findings=made, document=document()), Fail)


def test_evidence_goes_on_without_consent_only_in_urgency() -> None:
    made = [override("G17", "RQ-CA")]
    assert isinstance(asked("G17", findings=made, export=None), Fail)
    calm = replace(URGENT["export"], urgent=False)
    assert isinstance(asked("G17", findings=made, export=calm), Fail)


def test_in_a_threat_evidence_goes_to_the_one_recipient_for_the_one_purpose() -> None:
    wanted = Export(recipient="XA", purpose="p", items=frozenset({"i1"}), urgent=True)
    made = override("G17", "RQ-CA", use=Use(recipient="XA", purpose="p"))
    case = matter(export=wanted, findings=[made])
    assert isinstance(ask(using.onward_transfer, case), Pass)
    for other in (replace(wanted, recipient="XB"), replace(wanted, purpose="q")):
        assert isinstance(ask(using.onward_transfer, replace(case, export=other)), Fail)
    for use in (Use(), Use(recipient="XA"), Use(purpose="p"), Use(case="p")):
        bare = replace(case, findings=[replace(made, use=use)])
        assert isinstance(ask(using.onward_transfer, bare), Fail), use
    second = replace(made, use=Use(recipient="XB", purpose="p"), at=NOW)
    assert isinstance(ask(using.onward_transfer, replace(case, findings=[made, second])), Pass)


def test_the_senders_condition_on_who_reads_is_opened_by_nobody_here() -> None:
    named = Condition(code="COND-14", hash="aa", accepted_hash="aa", readers=("Rita",))
    reading = Reading(officer="Otto", case_reference="QM-2026-0042")
    every = [override(gate, role) for gate in ("G10", "G13") for role in ROLES]
    result = ask(using.named_readers, matter(reading=reading, conditions=[named], findings=every))
    assert isinstance(result, Fail)
    assert result.gate == "G13"


def test_what_waits_for_a_person_is_not_overridden() -> None:
    waiting = needs("G20", "DUTY", "Call back.")
    assert isinstance(asked("G20", waiting, findings=[override("G20", "RD-JUD")]), NeedsHuman)


def test_what_is_open_needs_nobody() -> None:
    assert asked("G21", Pass("G21"), findings=[override("G21", "RD-CA")]) == Pass("G21")
