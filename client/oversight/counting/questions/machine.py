"""Q23 to Q28: is the log whole, does the other one agree, who administered and read it, what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from client.oversight.audit import audit
from client.oversight.comparison import compare
from client.oversight.counting.casefile import Case
from client.oversight.counting.docket import RELEASED, Step
from client.oversight.counting.questions.asking import (
    DAY,
    Asked,
    Found,
    name,
    summed,
    tallied,
    when,
)
from client.oversight.findings import Findings

_ADMINISTRATION: Final = ("client.", "user.", "token_key.", "access.granted", "access.revoked")
_KEYS: Final = ("log.key_changed", "log.policy_changed", "peer.", "erasure.", "channel.")
_LATE: Final = ("incident.opened", "incident.notified", "incident.closed")
_WRONG: Final = ("package.disputed", "state.disagreement")


def whole(asked: Asked) -> Found:
    """Q23: every check of `audit verify` of the newest log."""
    findings = Findings()
    audit(asked.mirrors[-1], pinned_root=asked.pinned_root, findings=findings)
    return _checks(findings, "the log is whole, and as witnesses have it", "the log is NOT whole")


def agreement(asked: Asked) -> Found:
    """Q24: the comparison of two mirrors."""
    if asked.other is None:
        return Found(says="not asked: name the other country's mirror with --other")
    results = compare(asked.mirrors[-1], asked.other, pinned_root=asked.pinned_root)
    both = Findings()
    for _, findings in results:
        both.failures += findings.failures
        both.details |= findings.details
    return _checks(both, "both logs tell the same story", "the logs do NOT agree")


def _checks(findings: Findings, good: str, bad: str) -> Found:
    rows = [
        (
            str(each.check.number),
            each.check.title,
            "FAILED" if each.failures else "ok",
            "; ".join(f"{one.place}: {one.detail}" for one in each.failures[:3]) or each.detail,
        )
        for each in findings.outcomes()
    ]
    columns = ("check", "what", "result", "detail")
    return Found(says=bad if findings.failures else good, columns=columns, rows=rows)


def administration(asked: Asked) -> Found:
    """Q25: skew of clocks, changed keys, acts of administrators."""
    rows = [
        (
            str(step.at),
            when(step.time),
            step.kind,
            step.peer or "-",
            step.reason or "-",
            asked.people.who(step.at),
        )
        for step in asked.loose()
        if step.kind.startswith((*_ADMINISTRATION, *_KEYS))
    ]
    number, largest = asked.read.docket.skew
    skew = f"entries dated up to {largest} s from their events: {number}" if number else "no skew"
    says = f"{summed('acts of administrators and changes of keys', rows)}; {skew}"
    return Found(says=says, columns=("entry", "at", "what", "country", "reason", "who"), rows=rows)


def read_by(asked: Asked) -> Found:
    """Q26: readings of the log by view and person, and for what purpose."""
    counts = Counter[tuple[str, ...]]()
    for step in asked.loose():
        if step.kind in {"audit.queried", "audit.exported"}:
            view = step.reason or "links"
            who, why = asked.people.who(step.at), asked.people.said(step.at, "purpose")
            counts[step.kind, view, who, why] += 1
    says = f"{sum(counts.values())} readings of the log"
    return Found(
        says=says, columns=("entry", "view", "who", "purpose", "number"), rows=tallied(counts)
    )


def near_misses(asked: Asked) -> Found:
    """Q27: what gates stopped, by gate and partner."""
    counts = Counter[tuple[str, ...]]()
    for case in asked.cases():
        for step in case.told("gate.failed"):
            counts[step.reason or "-", case.peer] += 1
    says = f"{sum(counts.values())} times a gate was shut"
    return Found(says=says, columns=("gate", "country", "number"), rows=tallied(counts))


def late_errors(asked: Asked) -> Found:
    """Q28: incidents and disputes, and whether those concerned were told."""
    rows = [_error("-", step) for step in asked.loose() if step.kind in _LATE]
    for case in asked.cases():
        rows += [_error(name(case), step, case) for step in case.told(*_LATE, *_WRONG)]
    serious = sum(1 for row in rows if row[3].startswith("serious"))
    told = sum(1 for row in rows if row[2] == "incident.notified")
    says = f"{summed('errors and acts about them', rows)}; {serious} serious, {told} times somebody was told"
    columns = ("request", "at", "what", "reason", "days after the release")
    return Found(says=says, columns=columns, rows=rows)


def _error(of: str, step: Step, case: Case | None = None) -> tuple[str, ...]:
    released = next(_releases(case), None) if case else None
    late = (
        str((step.time - released.time) // DAY) if released and released.order < step.order else "-"
    )
    return of, when(step.time), step.kind, step.reason or "-", late


def _releases(case: Case) -> Iterator[Step]:
    return case.ever(RELEASED, "package.verified")


QUERIES: Final = {
    "Q23": whole,
    "Q24": agreement,
    "Q25": administration,
    "Q26": read_by,
    "Q27": near_misses,
    "Q28": late_errors,
}
