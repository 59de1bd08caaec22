"""When which gates are asked, that all are asked, and what a person is told."""

import pytest

from services.exchange.gating import moments
from services.exchange.gating.matter import Export, Reading, Use
from services.exchange.gating.moments import GATES, Moment
from services.exchange.gating.results import GateShutError, Pass
from shared.protocol.law import gates
from shared.protocol.law.lifecycle import State
from tests.legal_matters import document, finding, item, matter, override, request

# The column `runs at` of the table of gates.
RUNS_AT = {
    "G01": {"submit", "approve", "send", "receive", "accept", "release"},
    "G02": {"submit", "approve", "send", "receive", "accept"},
    "G03": {"send", "clear", "release"},
    "G04": {"approve", "accept", "release"},
    "G05": {"accept"},
    "G06": {"accept"},
    "G07": {"accept", "release"},
    "G08": {"accept", "release"},
    "G09": {"release"},
    "G10": {"release"},
    "G11": {"clear", "release"},
    "G12": {
        "submit",
        "approve",
        "send",
        "accept",
        "clear",
        "release",
        "export",
        "access",
        "notice",
    },
    "G13": {"accept", "release", "access"},
    "G14": {"release"},
    "G15": {"clock"},
    "G16": {"export", "access", "clock"},
    "G17": {"export"},
    "G18": {"access"},
    "G19": {"approve", "send", "clear", "release"},
    "G20": {"accept", "release"},
    "G21": {"clear", "release"},
    "G22": {"approve", "send", "receive", "clear", "release", "export", "access"},
    "G23": {"send", "release"},
    "G24": {"submit", "approve", "send", "receive", "accept", "release"},
    "T21": {"clear", "release"},
}
OPEN = {
    Moment.SUBMIT: request(),
    Moment.APPROVE: request(),
    Moment.SEND: request(),
    Moment.RECEIVE: matter(package_id=None, approvals=()),
    Moment.ACCEPT: matter(package_id=None, items=(), request_state=State.UNDER_REVIEW),
    Moment.CLEAR: matter(),
    Moment.RELEASE: matter(),
    Moment.EXPORT: matter(
        export=Export(recipient="XA", purpose="p", items=frozenset(), urgent=True),
        findings=[override("G17", "RQ-CA", use=Use(recipient="XA", purpose="p"))],
    ),
    Moment.ACCESS: matter(reading=Reading(officer="Rita", case_reference="QM-2026-0042")),
    Moment.NOTICE: matter(),
    Moment.CLOCK: matter(),
}


@pytest.mark.parametrize("moment", Moment)
def test_a_case_in_order_passes(moment: Moment) -> None:
    passes = moments.guard(OPEN[moment], moment)
    assert len(passes) == len(GATES[moment])


def test_every_gate_runs_at_its_moments() -> None:
    found: dict[str, set[str]] = {}
    for moment, case in OPEN.items():
        for result in moments.judge(case, moment):
            found.setdefault(result.gate, set()).add(moment.value)
    assert found == RUNS_AT
    assert set(found) == set(gates.table().gate)


def test_the_release_guard_is_whole() -> None:
    """Process 5: G01, G03, G04, G07 to G14, G19, G21, G22, G23, the state, and the emergency."""
    asked = {result.gate for result in moments.judge(matter(), Moment.RELEASE)}
    assert asked >= {
        "G01", "G03", "G04", "G07", "G08", "G09", "G10", "G11", "G12", "G13", "G14", "G19", "G20",
        "G21", "G22", "G23", "G24", "T21",
    }  # fmt: skip


def test_the_guard_names_every_gate_that_is_shut() -> None:
    with pytest.raises(GateShutError) as refused:
        moments.guard(matter(peer=None, digest="00", findings=()), Moment.RELEASE)
    assert refused.value.facts["gates"] == ["G01", "G22", "G04"]
    assert refused.value.code == "unknown_peer"
    assert refused.value.rule == f"G01: {gates.rule('G01').rule}"
    assert len(refused.value.shut) == 3


def test_a_finding_that_is_missing_is_asked_of_a_role() -> None:
    with pytest.raises(GateShutError) as refused:
        moments.guard(matter(findings=()), Moment.RELEASE)
    assert (refused.value.code, refused.value.next_step) == ("finding_missing", "Needed: RD-CA.")


def test_an_override_passes_and_says_so() -> None:
    beyond = item(category="DC-SUB")
    made = [
        finding("G04", "RD-CA"),
        override("G03", "RD-CA", officer="Carl", about="package", items=("i1",)),
    ]
    passes = moments.guard(matter(items=(beyond,), findings=made), Moment.RELEASE)
    assert Pass("G03", "overridden", ("Carl",)) in passes


def test_an_emergency_takes_all_of_its_gates() -> None:
    night = matter(document=document(urgency="EMERGENCY"))
    with pytest.raises(GateShutError) as refused:
        moments.guard(night, Moment.RELEASE)
    assert refused.value.facts["gates"] == ["G20"]
