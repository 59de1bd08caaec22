"""Q06 to Q13: necessity, scope, judges, transfers, capital cases, privilege, emergencies, validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from client.oversight.counting.casefile import Case, Side
from client.oversight.counting.docket import RELEASED, Step
from client.oversight.counting.lists import data_of, titled
from client.oversight.counting.orders import VALIDATION_REFUSED
from client.oversight.counting.questions.asking import (
    HOUR,
    Asked,
    Found,
    name,
    places,
    share,
    summed,
    when,
)
from client.oversight.counting.safeguards import passed_before

_CATEGORY: Final = "package.category"
_BY_JUDGE: Final = frozenset({"DC-TRF", "DC-CNT", "DC-RTI"})
_JUDGE: Final = "LVL-J"
_PRIVILEGED: Final = "DC-PRV"
_FORMAL_HOURS: Final = 48


def sample(asked: Asked) -> Found:
    """Q06: drawn by the root of the newest log, so that everybody draws the same, and nobody before."""
    root = asked.read.ranges[-1].root.encode()
    released = [case for case in asked.cases() if any(case.told(RELEASED))]
    drawn = sorted(released, key=lambda case: sha256(root + case.ref.encode()).digest())
    rows = []
    for case in drawn[: asked.sample]:
        first = next(case.told(RELEASED))
        own = [
            step
            for step in case.ever("gate.found")
            if step.reason == "G04" and step.order < first.order
        ]
        open_ = "yes" if passed_before(case, first) else "NO"
        rows.append((name(case), case.peer, when(first.time), places(own), open_))
    lacking = sum(1 for row in rows if row[3] == "-")
    return Found(
        says=f"{len(rows)} of {len(released)} requests with a release drawn; {lacking} have no entry of"
        " an own assessment before it",
        columns=("request", "country", "released", "assessed in entries", "gates open"),
        rows=rows,
    )


def beyond_scope(asked: Asked) -> Found:
    """Q07: categories that no granted measure brings, and releases of incidental evidence."""
    rows = []
    for case in asked.cases():
        for step in case.told(_CATEGORY):
            if case.measures and step.reason not in _granted(case, step):
                what = titled(step.reason or "-")
                row = name(case), case.peer, when(step.time), what, str(step.number or 1)
                rows.append(row)
        for step in case.told("gate.overridden"):
            if step.reason == "G03":
                what = "released as incidental evidence (G03 overridden)"
                rows.append((name(case), case.peer, when(step.time), what, "-"))
    columns = ("request", "country", "at", "what", "items")
    return Found(
        says=summed("releases beyond the accepted scope", rows), columns=columns, rows=rows
    )


def _granted(case: Case, step: Step) -> set[str]:
    """The data that measures bring which had not been refused; what goes with any of them is in it."""
    measures = (
        each for each in case.measures.values() if each.refused is None or each.refused > step.order
    )
    return {data for each in measures for data in data_of(each.code)} | {_PRIVILEGED, "DC-MIN"}


def without_judge(asked: Asked) -> Found:
    """Q08: traffic or content released, and no judge is told of."""
    rows = []
    for case in asked.cases():
        data = sorted({step.reason or "" for step in case.told(_CATEGORY)} & _BY_JUDGE)
        judged = _JUDGE in case.traits or any(case.ever("request.validated"))
        if data and not judged:
            rows.append((name(case), case.peer, ", ".join(data), ", ".join(case.of("LVL-")) or "-"))
    says = summed("requests that brought traffic or content data and name no judge", rows)
    return Found(says=says, columns=("request", "country", "data", "level named"), rows=rows)


def without_gateway(asked: Asked) -> Found:
    """Q09: releases with no gate of the release recorded, no gateway named, or G09 overridden."""
    rows = []
    for case in asked.cases():
        for step in case.told(RELEASED):
            lacks = []
            if not passed_before(case, step):
                lacks.append("no record that the gates were open")
            if not case.of("GTW-") and not _assessed(case, step):
                lacks.append("no gateway named")
            if any(each.reason == "G09" for each in case.ever("gate.overridden")):
                lacks.append("G09 overridden")
            if lacks:
                row = name(case), case.peer, asked.package(step), when(step.time), "; ".join(lacks)
                rows.append(row)
    columns = ("request", "country", "package", "released", "lacks")
    return Found(says=summed("transfers that lack a record", rows), columns=columns, rows=rows)


def _assessed(case: Case, release: Step) -> bool:
    """Whether a data-protection officer answered for the gateway before a release."""
    return any(
        each.reason == "G09" and each.order < release.order for each in case.ever("gate.found")
    )


def capital(asked: Asked) -> Found:
    """Q10: what was assured in capital cases."""
    rows = []
    for case in asked.cases():
        if "PEN-DEATH" in case.traits and (case.is_open or case.is_new):
            assured = [step for step in case.ever("condition.accepted") if step.reason == "COND-03"]
            over = [step for step in case.ever("gate.overridden") if step.reason == "G07"]
            released = len(list(case.told(RELEASED)))
            rows.append((name(case), case.peer, places(assured), places(over), str(released)))
    columns = ("request", "country", "COND-03 accepted in", "G07 overridden in", "releases")
    return Found(says=summed("capital cases", rows), columns=columns, rows=rows)


def privileged(asked: Asked) -> Found:
    """Q11: packages in which something was held back as privileged, and who opened them."""
    rows = []
    for case in asked.cases():
        readings = list(case.ever("evidence.accessed", "package.opened_by"))
        for step in case.told("package.filtered", _CATEGORY):
            found = step.number if step.kind == "package.filtered" else (step.reason == _PRIVILEGED)
            if found:
                seen = [each for each in readings if each.package == step.package]
                who = ", ".join(sorted({asked.people.who(each.at) for each in seen})) or "nobody"
                number = str(step.number or "-")
                rows.append(
                    (name(case), asked.package(step), when(step.time), number, str(len(seen)), who)
                )
    columns = ("request", "package", "filtered", "items", "readings", "by")
    return Found(says=summed("packages with privileged items", rows), columns=columns, rows=rows)


def emergencies(asked: Asked) -> Found:
    """Q12: each emergency, in the order of the log."""
    rows, hours = [], Counter[int]()
    for case in asked.cases():
        flagged = case.first("emergency.flagged") or (case.steps[0] if case.emergency else None)
        if flagged is None or flagged.time < case.since:
            continue
        hours[datetime.fromtimestamp(flagged.time, UTC).hour] += 1
        rows.append(
            (
                name(case),
                case.peer,
                when(flagged.time),
                asked.people.who(flagged.at),
                _called_back(case),
                _formalised(case, flagged),
                "revoked" if any(case.ever("emergency.revoked")) else "",
            )
        )
    night = sum(number for hour, number in hours.items() if hour < 6 or hour >= 22)  # noqa: PLR2004 - shown as such
    return Found(
        says=f"{summed('emergencies', rows)}; {share(night, len(rows))} between 22:00 and 06:00 UTC",
        columns=("request", "country", "flagged (UTC)", "by", "called back", "formalised", "end"),
        rows=rows,
    )


def _called_back(case: Case) -> str:
    if case.side is Side.MADE:
        return "by the other country"
    if any(case.ever("emergency.callback_failed")):
        return "FAILED"
    return "yes" if any(case.ever("emergency.callback_ok")) else "NO"


def _formalised(case: Case, flagged: Step) -> str:
    done = case.first("emergency.formalised", "request.validated")
    if done is None:
        return "NO"
    hours = (done.time - flagged.time) // HOUR
    return f"after {hours} h" + (" LATE" if hours >= _FORMAL_HOURS else "")


def not_validated(asked: Asked) -> Found:
    """Q13: what was not validated or was revoked, and its deletion."""
    rows = []
    for case in asked.cases():
        failed = next(_failures(case), None)
        if failed is None:
            continue
        ordered = case.first("deletion.ordered")
        done = case.first("deletion.done", "package.destroyed")
        data = any(case.ever("package.received", "package.verified", RELEASED))
        shown = when(done.time) if done else ("NOT DELETED" if data else "no data had come")
        rows.append(
            (
                name(case),
                case.peer,
                when(failed.time),
                when(ordered.time) if ordered else "-",
                shown,
            )
        )
    columns = ("request", "country", "failed", "deletion ordered", "deleted")
    return Found(
        says=summed("requests not validated, or revoked", rows), columns=columns, rows=rows
    )


def _failures(case: Case) -> Iterator[Step]:
    yield from case.told("request.validation_expired", "emergency.revoked")
    yield from (
        step for step in case.told("request.withdrawn") if step.reason == VALIDATION_REFUSED
    )


QUERIES: Final = {
    "Q06": sample,
    "Q07": beyond_scope,
    "Q08": without_judge,
    "Q09": without_gateway,
    "Q10": capital,
    "Q11": privileged,
    "Q12": emergencies,
    "Q13": not_validated,
}
