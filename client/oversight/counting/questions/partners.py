"""Q19 to Q22, O22: challenges, weighting notes, balance, broken conditions, overrides."""

from __future__ import annotations

from collections import Counter
from typing import Final

from client.oversight.counting.casefile import Side
from client.oversight.counting.docket import RELEASED
from client.oversight.counting.lists import titled
from client.oversight.counting.questions.asking import (
    DAY,
    Asked,
    Found,
    name,
    summed,
    tallied,
    when,
)
from client.oversight.counting.safeguards import WAIVED, passed_before

_WEIGHT: Final = "G08"
_IMBALANCE: Final = 10  # times; below it no exchange is called one-sided


def challenges(asked: Asked) -> Found:
    """Q19: each challenge of the year and its end."""
    rows, suspensive = [], 0
    for case in asked.cases():
        lodged, held = case.first("challenge.lodged"), case.first("challenge.suspended")
        results = (each for each in case.ever("challenge.decided") if each.reason != WAIVED)
        decided = next(results, None)
        if not lodged or max(lodged.time, decided.time if decided else case.end) < case.since:
            continue
        suspensive += held is not None
        until = decided.time if decided else case.end
        rows.append(
            (
                name(case),
                case.peer,
                when(lodged.time),
                "yes" if held else "no",
                (decided.reason or "decided").replace("_", " ") if decided else "open",
                str((until - held.time) // DAY) if held else "-",
            )
        )
    columns = ("request", "country", "lodged", "suspensive", "result", "days held")
    return Found(
        says=f"{summed('challenges', rows)}, {suspensive} suspensive", columns=columns, rows=rows
    )


def weighting(asked: Asked) -> Found:
    """Q20: releases for which the gate of the weighting note was not open."""
    rows, releases = [], 0
    for case in asked.cases():
        over = [each for each in case.ever("gate.overridden") if each.reason == _WEIGHT]
        for step in case.told(RELEASED):
            releases += 1
            before = [each for each in over if each.order < step.order]
            if before or not passed_before(case, step):
                why = "G08 overridden" if before else "no record that the gates were open"
                rows.append((name(case), case.peer, asked.package(step), when(step.time), why))
    says = (
        f"transfers: {releases}; {summed('of them without a valid weighting note on record', rows)}"
    )
    return Found(says=says, columns=("request", "country", "package", "released", "why"), rows=rows)


def balance(asked: Asked) -> Found:
    """Q21: requests by who asks whom."""
    made, received = Counter[str](), Counter[str]()
    for case in asked.cases():
        if case.is_new and case.side:
            (made if case.side is Side.MADE else received)[case.peer] += 1
    rows = []
    for peer in sorted({*made, *received}):
        ours, theirs = made[peer], received[peer]
        lopsided = max(ours, theirs) >= _IMBALANCE * max(min(ours, theirs), 1)
        rows.append((peer, str(ours), str(theirs), "one-sided" if lopsided else ""))
    says = f"{summed('partners', rows)}, {sum(1 for row in rows if row[3])} one-sided"
    return Found(says=says, columns=("country", "made by us", "received by us", ""), rows=rows)


def broken(asked: Asked) -> Found:
    """Q22: conditions that were not kept, and what was reported."""
    rows = []
    for case in asked.cases():
        reports = len(list(case.ever("condition.reported")))
        rows += [
            (name(case), case.peer, when(step.time), titled(step.reason or "-"), str(reports))
            for step in case.told("condition.breached")
        ]
    columns = ("request", "country", "at", "condition", "reports on use")
    return Found(says=summed("broken conditions", rows), columns=columns, rows=rows)


def overrides(asked: Asked) -> Found:
    """O22: by gate and person."""
    counts = Counter[tuple[str, ...]]()
    for case in asked.cases():
        for step in case.told("gate.overridden"):
            counts[step.reason or "-", asked.people.who(step.at), case.peer] += 1
    says = f"{sum(counts.values())} overrides"
    return Found(says=says, columns=("gate", "who", "country", "number"), rows=tallied(counts))


QUERIES: Final = {
    "Q19": challenges,
    "Q20": weighting,
    "Q21": balance,
    "Q22": broken,
    "O22": overrides,
}
