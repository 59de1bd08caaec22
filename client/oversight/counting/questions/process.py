"""Q01 to Q05: acknowledgement, age, refusals, consultation, missing information."""

from __future__ import annotations

from collections import Counter
from typing import Final

from client.oversight.counting.casefile import Case, Side
from client.oversight.counting.docket import ARRIVED
from client.oversight.counting.lists import lists, titled
from client.oversight.counting.questions.asking import (
    DAY,
    Asked,
    Found,
    name,
    share,
    summed,
    tallied,
    when,
)
from shared.protocol.law.lifecycle import State, word
from shared.protocol.law.policy import policy

_ACKNOWLEDGE: Final = "acknowledge"
_CONSULTED: Final = f"/{State.CONDITIONS_PROPOSED.value}"


def unacknowledged(asked: Asked) -> Found:
    """Q01: late by the policy of this release; a pair's own deadline is told by its clocks."""
    limit = _days_to_acknowledge()
    rows = []
    for case in asked.cases():
        arrived, acknowledged = case.first(ARRIVED), case.first("request.acknowledged")
        ended = acknowledged.time if acknowledged else case.end
        if not arrived or ended < case.since or (not acknowledged and not case.is_open):
            continue
        if (age := (ended - arrived.time) // DAY) >= limit:
            shown = when(acknowledged.time) if acknowledged else "not yet"
            rows.append((name(case), case.peer, when(arrived.time), shown, str(age)))
    says = summed(f"requests not acknowledged within {limit} days", rows)
    return Found(
        says=says, columns=("request", "from", "arrived", "acknowledged", "days"), rows=rows
    )


def _days_to_acknowledge() -> int:
    clocks = [each for each in policy().clock if each.act == _ACKNOWLEDGE and each.routine]
    return next((each.routine.length for each in clocks if each.routine), 7)


def pending(asked: Asked) -> Found:
    """Q02: what is open, the oldest first."""
    found = sorted(
        (case.spells[-1].began, name(case), case) for case in asked.cases() if case.is_open
    )
    rows = [
        (
            each,
            case.peer,
            case.side.value if case.side else "-",
            f"{case.state.value} {word(case.state)}",
            when(began) if began else "before these logs",
            str((case.end - began) // DAY) if began else "-",
        )
        for began, each, case in found
    ]
    columns = ("request", "country", "side", "state", "since", "days")
    return Found(says=summed("pending requests", rows), columns=columns, rows=rows)


def refusals(asked: Asked) -> Found:
    """Q03: grounds by partner; over-used is what stands out by share and by number."""
    counts, partners = Counter[tuple[str, ...]](), Counter[str]()
    for case in asked.cases():
        for step in case.told("request.refused"):
            side = case.side.value if case.side else "-"
            counts[case.peer, side, step.reason or "-"] += 1
            partners[case.peer + side] += 1
    rules, rows = lists().policy, []
    for peer, side, ground, number in tallied(counts):
        whole = partners[peer + side]
        much = int(number) * 100 > whole * rules.overused_percent
        mark = "over-used" if much and int(number) >= rules.overused_least else ""
        rows.append((peer, side, titled(ground), number, share(int(number), whole), mark))
    over = sum(1 for row in rows if row[-1])
    return Found(
        says=f"{sum(counts.values())} grounds of refusal; {over} stand out",
        columns=("country", "side", "ground", "number", "share", ""),
        rows=rows,
        notes=[
            f"Stands out: over {rules.overused_percent} % of a partner's, and {rules.overused_least} or more."
        ],
    )


def without_consultation(asked: Asked) -> Found:
    """Q04: a refusal of ours with nothing before it that says that a grant on conditions was considered."""
    rows = []
    for case in asked.cases():
        refused = next(case.told("request.refused"), None)
        if case.side is Side.RECEIVED and refused and not consulted(case, refused.order):
            rows.append((name(case), case.peer, when(refused.time), refused.reason or "-"))
    says = summed("refusals without a consultation (T13) before them", rows)
    return Found(says=says, columns=("request", "from", "refused", "first ground"), rows=rows)


def consulted(case: Case, before: int) -> bool:
    """Whether conditions, or a consultation without any, were proposed before an entry."""
    return any(
        step.order < before
        and (step.kind != "request.decision" or (step.reason or "").endswith(_CONSULTED))
        for step in case.ever("condition.proposed", "request.consulted", "request.decision")
    )


def missing(asked: Asked) -> Found:
    """Q05: how many had to be asked about, and which fields."""
    fields, returned, received = Counter[tuple[str, ...]](), 0, 0
    for case in asked.cases():
        steps = list(case.told("request.info_requested"))
        received += case.side is Side.RECEIVED and case.is_new
        returned += bool(steps) and case.side is Side.RECEIVED
        for step in steps:
            fields[(step.reason or "-").removeprefix("FLD-"), case.peer] += 1
    return Found(
        says=f"{returned} requests were returned for information, of {received} that arrived"
        f" ({share(returned, received)})",
        columns=("field", "country", "number"),
        rows=tallied(fields),
    )


QUERIES: Final = {
    "Q01": unacknowledged,
    "Q02": pending,
    "Q03": refusals,
    "Q04": without_consultation,
    "Q05": missing,
}
