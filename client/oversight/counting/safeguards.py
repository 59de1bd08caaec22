"""O08, O10, O12, O17 to O24: deadlines, conditions, remedies, overrides, errors, deletion, notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from client.oversight.counting.casefile import Case
from client.oversight.counting.caseload import SIDES, Told
from client.oversight.counting.docket import RELEASED, Step
from client.oversight.counting.lists import data_of, lists, titled

_CLOCKS: Final = ("clock.warned", "clock.met", "clock.extended", "clock.breached")
_CONDITIONS: Final = (
    "condition.proposed", "condition.accepted", "condition.declined", "condition.breached",
)  # fmt: skip
_NOTICES: Final = ("notice.due", "notice.sent", "notice.deferred")
_DELETIONS: Final = (
    "deletion.ordered", "deletion.done", "package.destroyed", "package.restricted",
)  # fmt: skip
WAIVED: Final = "waived"  # a person gave up the remedy: none was decided
LIFTED: Final = "lifted"  # a restriction ended
CONSULTATION: Final = "consultation"
NOTIFY: Final = "notify"
_WEIGHTS: Final = ("recordable", "reportable", "serious", "told")
_RECORDED: Final = "released without a record that the gates were open"


def preservation(case: Case) -> Iterator[Told]:
    """Measure the time from each order to preserve to the request for the data."""
    began = case.first("preservation.ordered")
    linked = case.first("preservation.linked")
    if case.side and began and linked and linked.time >= max(case.since, began.time):
        yield "O08", case.peer, case.side.value, linked.time - began.time


def remedies(case: Case) -> Iterator[Told]:
    """Count challenges by the data that the request seeks, and by result."""
    side = case.side.value if case.side else SIDES[1]
    for _ in case.told("challenge.lodged"):
        for data in sorted({data for code in case.codes for data in data_of(code)}) or ["none"]:
            yield "O10-data", titled(data), side, 1
    for step in case.told("challenge.decided"):
        if step.reason == WAIVED:
            continue
        yield "O10-result", (step.reason or "not said").replace("_", " "), side, 1


def costs(case: Case) -> Iterator[Told]:
    """Count claims, and sum what was claimed and reimbursed."""
    for kind, column in (("costs.claimed", "claimed"), ("costs.reimbursed", "reimbursed")):
        for step in case.told(kind):
            currency = (step.reason or "not said").removeprefix("CUR-")
            yield "O12-claims", currency, column, 1
            yield "O12-amounts", currency, column, step.number or 0


def deadlines(case: Case) -> Iterator[Told]:
    """Count what became of deadlines, and measure postponements."""
    instrument = (case.of("INS-") or ["INS-?"])[0].removeprefix("INS-")
    for step in case.told(*_CLOCKS):
        act = (step.reason or "not said").replace("_", " ")
        yield "O20-clocks", f"{instrument}: {act}", _column(step), 1
    for step in case.told("request.postponed"):
        yield "O20-postponed", titled(step.reason or "not said"), "postponed", 1
    began: Step | None = None
    for step in sorted(case.ever("request.postponed", "request.resumed"), key=_place):
        if step.kind == "request.postponed":
            began = began or step
        elif began:
            if step.time >= case.since:
                yield "O20-length", case.peer, "days", step.time - began.time
            began = None


def conditions(case: Case) -> Iterator[Told]:
    """Count conditions, and reports on use."""
    for step in case.told(*_CONDITIONS):
        if step.reason and step.reason != CONSULTATION:
            yield "O21", titled(step.reason), _column(step), 1
    side = case.side.value if case.side else SIDES[1]
    for kind, column in (("condition.report_asked", "asked"), ("condition.reported", "given")):
        for _ in case.told(kind):
            yield "O21-reports", side, column, 1


def overrides(case: Case) -> Iterator[Told]:
    """Count gates that a person answered for."""
    for step in case.told("gate.overridden"):
        yield "O22", step.reason or "not said", "overridden", 1


def without_safeguards(case: Case) -> Iterator[Told]:
    """Count releases that lack a record, and gates of safeguards that did not hold."""
    for step in case.told(RELEASED):
        if not passed_before(case, step):
            yield "O19", _RECORDED, "packages", 1
    for kind, gate in (
        ("gate.overridden", "G08"),
        ("gate.overridden", "G09"),
        ("gate.failed", "G17"),
    ):
        for step in case.told(kind):
            if step.reason == gate:
                yield "O19", f"{gate} {kind.removeprefix('gate.')}", "packages", 1


def passed_before(case: Case, release: Step) -> bool:
    """Whether the log says, before a release, that the gates of the release were open."""
    return any(
        step.order < release.order
        and step.reason in {None, "release"}
        and step.package == release.package
        for step in case.ever("gate.passed")
    )


def deletions(case: Case) -> Iterator[Told]:
    """Count what had to be deleted, and measure how long it took."""
    for step in case.told(*_DELETIONS):
        if step.reason != LIFTED:
            yield "O23", case.peer, _column(step), 1
    waiting: dict[int | None, Step] = {}
    for step in sorted(case.ever("deletion.ordered", "deletion.done"), key=_place):
        if step.kind == "deletion.ordered":
            waiting.setdefault(step.package, step)
        elif (ordered := waiting.pop(step.package, None)) and step.time >= case.since:
            yield "O23-days", case.peer, "days", step.time - ordered.time


def notices(case: Case) -> Iterator[Told]:
    """Count notices to persons."""
    side = case.side.value if case.side else SIDES[0]
    for step in case.told(*_NOTICES):
        yield "O24", side, _column(step), 1
    for step in case.told("clock.breached"):
        if step.reason == NOTIFY:
            yield "O24", side, "overdue", 1


def errors(case: Case) -> Iterator[Told]:
    """Count errors of cases."""
    yield from errors_of(case.told("gate.failed", "package.disputed", "state.disagreement"))
    yield from errors_of(case.told("incident.opened", "incident.notified"))


def errors_of(steps: Iterable[Step]) -> Iterator[Told]:
    """Count errors among steps."""
    near = lists().policy.near_misses
    for step in steps:
        cause = step.reason or "not said"
        if step.kind == "gate.failed":
            if cause in near:
                yield "O17", f"stopped by gate {cause}", "recordable", 1
        elif step.kind == "incident.opened":
            weight, _, what = cause.partition("/")
            serious = weight == "serious"
            row = f"incident: {(what if serious else cause).replace('_', ' ')}"
            yield "O17", row, "serious" if serious else "reportable", 1
        elif step.kind == "incident.notified":
            yield "O17", f"incident: {cause.rpartition('/')[2].replace('_', ' ')}", "told", 1
        elif step.kind in {"package.disputed", "state.disagreement"}:
            yield "O17", step.kind.replace(".", ": "), "recordable", 1


def loose(steps: Sequence[Step], since: int) -> Iterator[Told]:
    """Count what is of no case: readings of the log, incidents."""
    told = [step for step in steps if step.time >= since]
    yield from errors_of(told)
    for step in told:
        if step.kind == "audit.queried":
            yield "O18", step.reason or "not said", "readings", 1
        elif step.kind == "audit.exported":
            yield "O18", f"exported: {step.reason or 'links of a channel'}", "readings", 1


def _column(step: Step) -> str:
    family, _, what = step.kind.partition(".")
    return f"{family} {what}" if family == "package" else what


def _place(step: Step) -> int:
    return step.order


COLUMNS: Final = {
    "O08": SIDES,
    "O10-data": SIDES,
    "O10-result": SIDES,
    "O12-claims": ("claimed", "reimbursed"),
    "O12-amounts": ("claimed", "reimbursed"),
    "O17": _WEIGHTS,
    "O18": ("readings",),
    "O19": ("packages",),
    "O20-clocks": ("warned", "met", "extended", "breached"),
    "O20-postponed": ("postponed",),
    "O20-length": ("days",),
    "O21": ("proposed", "accepted", "declined", "breached"),
    "O21-reports": ("asked", "given"),
    "O22": ("overridden",),
    "O23": ("ordered", "done", "package destroyed", "package restricted"),
    "O23-days": ("days",),
    "O24": ("due", "sent", "deferred", "overdue"),
}
RULES: Final = (
    preservation, remedies, costs, deadlines, conditions, overrides, without_safeguards, deletions,
    notices, errors,
)  # fmt: skip
