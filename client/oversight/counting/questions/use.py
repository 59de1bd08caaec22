"""Q14 to Q18: who opened evidence and for what, what was passed on, kept, and told to persons."""

from __future__ import annotations

from collections import Counter
from typing import Final

from client.oversight.counting.docket import Step
from client.oversight.counting.lists import titled
from client.oversight.counting.questions.asking import (
    Asked,
    Found,
    name,
    summed,
    tallied,
    when,
)
from client.oversight.counting.safeguards import LIFTED, NOTIFY

_READ: Final = ("evidence.accessed", "package.opened_by", "package.read")
_PURPOSE: Final = "G18"
_ONWARD: Final = "G17"


def readers(asked: Asked) -> Found:
    """Q14: readings by person, case and package."""
    counts = Counter[tuple[str, ...]]()
    for case in asked.cases():
        for step in case.told(*_READ):
            counts[asked.people.who(step.at), name(case), asked.package(step)] += 1
    says = f"{sum(counts.values())} readings of evidence"
    return Found(says=says, columns=("who", "request", "package", "readings"), rows=tallied(counts))


def other_case(asked: Asked) -> Found:
    """Q15: readings that the gate of purpose stopped or that were answered for."""
    rows = []
    for case in asked.cases():
        for step in case.told("gate.failed", "gate.overridden"):
            if step.reason == _PURPOSE:
                result = "blocked" if step.kind == "gate.failed" else "ALLOWED by override"
                who, said = asked.people.who(step.at), asked.people.said(step.at, "purpose")
                rows.append((name(case), asked.package(step), when(step.time), who, said, result))
    columns = ("request", "package", "at", "who", "purpose", "result")
    says = summed("readings under another case number", rows)
    return Found(says=says, columns=columns, rows=rows)


def onward(asked: Asked) -> Found:
    """Q16: what was passed on or tried to be, and the consent before it."""
    rows = []
    for case in asked.cases():
        consents = list(case.ever("evidence.onward_consented"))
        for step in case.told("evidence.onward_requested", "evidence.exported"):
            given = [each for each in consents if each.package == step.package]
            entry = str(given[0].at) if given else "none"
            what = step.kind.partition(".")[2].replace("_", " ")
            rows.append(
                (name(case), asked.package(step), when(step.time), what, step.peer or "-", entry)
            )
        for step in case.told("gate.failed", "gate.overridden"):
            if step.reason == _ONWARD:
                what = "blocked (G17)" if step.kind == "gate.failed" else "G17 OVERRIDDEN"
                rows.append(
                    (
                        name(case),
                        asked.package(step),
                        when(step.time),
                        what,
                        step.peer or "-",
                        "none",
                    )
                )
    columns = ("request", "package", "at", "what", "country", "consent in entry")
    return Found(
        says=summed("exports, and attempts to pass evidence on", rows), columns=columns, rows=rows
    )


def retained(asked: Asked) -> Found:
    """Q17: the retention has ended, nothing says that it was destroyed or returned; and was it read since."""
    rows = []
    for case in asked.cases():
        ended = next(filter(_is_retention, case.ever("clock.breached")), None)
        gone = any(case.ever("package.destroyed", "package.returned", "deletion.done"))
        if ended and not gone:
            since = [each for each in case.ever(*_READ) if each.order > ended.order]
            last = max(case.ever("package.restricted"), default=None, key=_order)
            restricted = "blocked" if last and last.reason != LIFTED else "READABLE"
            rows.append((name(case), case.peer, when(ended.time), restricted, str(len(since))))
    columns = ("request", "country", "ended", "now", "readings since")
    return Found(says=summed("cases past their retention", rows), columns=columns, rows=rows)


def _order(step: Step) -> int:
    return step.order


def _is_retention(step: Step) -> bool:
    return step.reason in {"review_retention", "retention"}


def told(asked: Asked) -> Found:
    """Q18: each person's notice: sent, deferred on which ground, or open."""
    rows = []
    for case in asked.cases():
        due = case.first("notice.due")
        sent, deferred = case.first("notice.sent"), case.first("notice.deferred")
        moved = [each for each in (due, sent, deferred) if each and each.time >= case.since]
        if not moved:
            continue
        late = any(each.reason == NOTIFY for each in case.ever("clock.breached"))
        result = "sent" if sent else "deferred" if deferred else "OVERDUE" if late else "open"
        ground = titled(deferred.reason) if deferred and deferred.reason else "-"
        shown = when(due.time) if due else "-"
        rows.append(
            (name(case), case.peer, shown, when(sent.time) if sent else "-", result, ground)
        )
    columns = ("request", "country", "due", "sent", "result", "ground of deferral")
    open_ = sum(1 for row in rows if row[4] in {"open", "OVERDUE"})
    says = f"{summed('notices', rows)}; {open_} neither sent nor deferred"
    return Found(says=says, columns=columns, rows=rows)


QUERIES: Final = {"Q14": readers, "Q15": other_case, "Q16": onward, "Q17": retained, "Q18": told}
