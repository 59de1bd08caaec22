"""Patterns of misuse that a log shows by itself (process 6.3); each is something for a person to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Final

from client.oversight.counting.casefile import Case, Outcome, Side
from client.oversight.counting.docket import SENT, Docket, Step
from client.oversight.counting.following import cases
from client.oversight.counting.linking import (
    IDENTIFIER,
    READ,
    ROLES,
    Seen,
    gather,
    leaving,
    together,
)
from client.oversight.counting.lists import Policy, lists
from client.oversight.counting.people import People
from client.oversight.counting.suspicions import Brief, Suspicion, brief, crowded, suspicion

_PROTECTED: Final = "PRT-"
_YOUNG: Final = frozenset(
    {"PRT-MINOR", "PRT-VULNERABLE"}
)  # protected, but not against being sought
_LEFT: Final = frozenset({Outcome.WITHDRAWN, Outcome.REFUSED, Outcome.OTHERWISE})


def detect(docket: Docket, *, since: int, people: People, zone: tzinfo) -> list[Suspicion]:
    """Find all that fits a pattern, in the order of the log.

    Args:
        docket: what was read.
        since: the second from which on steps count.
        people: what was opened; without it nobody's readings are put together.
        zone: in which it is night.
    """
    policy, seen, found = lists().policy, Seen(), list[Suspicion]()
    for case in cases(docket, since):
        told = brief(case)
        found += _alone(case, told, policy, zone)
        gather(case, told, seen, people)
    found += together(seen, policy, since)
    roles = [step for step in docket.steps(docket.others) if step.kind in ROLES]
    found += leaving(seen, roles, policy, people)
    return sorted(found, key=lambda each: (each.at, each.pattern, each.says))


def _alone(case: Case, told: Brief, policy: Policy, zone: tzinfo) -> Iterator[Suspicion]:
    """What one case shows by itself."""
    yield from _bulk(case, told, policy)
    yield from _read_after_end(case, told)
    yield from _at_night(case, told, policy, zone)
    yield from _added_late(case, told)
    for step in case.told("request.described"):
        if (step.reason or "").startswith(_PROTECTED) and step.reason not in _YOUNG:
            role = (step.reason or "").removeprefix(_PROTECTED).lower()
            yield suspicion("M06", told, step, f"it concerns a {role}")
    for step in case.told("gate.failed", "gate.overridden"):
        if step.reason == "G04":
            yield suspicion("M09", told, step, "no own assessment (G04)")
        if step.reason == "G18":
            end = "blocked" if step.kind == "gate.failed" else "allowed by override"
            yield suspicion("M10", told, step, f"reading for another case, {end} (G18)")


def _bulk(case: Case, told: Brief, policy: Policy) -> Iterator[Suspicion]:
    by_package: dict[int | None, list[Step]] = defaultdict(list)
    for step in case.told(*READ):
        by_package[step.package].append(step)
    for steps in by_package.values():
        if (last := crowded(steps, policy)) is not None:
            says = f"one package was read {policy.bulk_reads} times in {policy.bulk_hours} hours"
            yield suspicion("M01", told, last, says)


def _read_after_end(case: Case, told: Brief) -> Iterator[Suspicion]:
    last = case.spells[-1] if case.spells else None
    if last is None or last.ended is None or last.outcome not in _LEFT:
        return
    for step in case.told(*READ):
        if step.time > last.ended:
            outcome = last.outcome.value
            yield suspicion("M02", told, step, f"evidence was read after the case was {outcome}")
            return


def _at_night(case: Case, told: Brief, policy: Policy, zone: tzinfo) -> Iterator[Suspicion]:
    if case.emergency:
        return
    for step in case.told(SENT):
        hour = datetime.fromtimestamp(step.time, UTC).astimezone(zone).hour
        if hour >= policy.night_from or hour < policy.night_until:
            yield suspicion("M05", told, step, f"sent at {hour:02}h as no emergency")


def _added_late(case: Case, told: Brief) -> Iterator[Suspicion]:
    """An identifier that was not there when the request was approved, or granted, and amended since."""
    granted = (
        step for step in case.ever("request.decision") if (step.reason or "").endswith("/S10")
    )
    done = case.first("request.approved") if case.side is Side.MADE else next(granted, None)
    amended = case.first("request.amended", "request.supplemented")
    if done is None or amended is None:
        return
    first: dict[str, Step] = {}
    for step in case.ever("request.described"):
        if (step.reason or "").startswith(IDENTIFIER):
            first.setdefault(step.reason or "", step)
    for step in first.values():
        if step.order > amended.order > done.order and step.time >= case.since:
            yield suspicion("M08", told, step, "an identifier came after the approval")
