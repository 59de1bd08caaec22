"""Patterns of misuse that only several cases show together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from client.oversight.counting.casefile import Case, Side
from client.oversight.counting.docket import RELEASED, Step
from client.oversight.counting.lists import Policy
from client.oversight.counting.people import UNOPENED, People
from client.oversight.counting.questions.asking import HOUR
from client.oversight.counting.suspicions import Brief, Suspicion, crowded, suspicion

READ: Final = ("evidence.accessed", "package.opened_by")
ROLES: Final = ("user.role_changed", "access.revoked", "client.suspended")
IDENTIFIER: Final = "ID-"
_TEXT: Final = "TXT-"
_SPECIAL: Final = "GTW-SPECIAL_CIRCUMSTANCES"

Mention = tuple[Brief, Step]
"""A case, and the entry that says something of it."""


def _lists() -> dict[str, list[Mention]]:
    return defaultdict(list)


@dataclass(slots=True, kw_only=True)
class Seen:
    """What cases may have in common, gathered case by case: by code, by country, by person."""

    identifiers: dict[str, list[Mention]] = field(default_factory=_lists)
    texts: dict[str, list[Mention]] = field(default_factory=_lists)
    special: dict[str, list[Mention]] = field(default_factory=_lists)
    people: dict[str, list[Mention]] = field(default_factory=_lists)
    received: dict[str, list[Mention]] = field(default_factory=_lists)


def gather(case: Case, told: Brief, seen: Seen, people: People) -> None:
    """Note what a case may have in common with others."""
    for step in case.ever("request.described"):
        code = step.reason or ""
        if code.startswith(IDENTIFIER):
            seen.identifiers[code].append((told, step))
        elif code.startswith(_TEXT):
            seen.texts[code].append((told, step))
    if _SPECIAL in case.traits:
        seen.special[case.peer] += [(told, step) for step in case.told(RELEASED)]
    if case.side is Side.RECEIVED and case.is_new:
        seen.received[case.peer].append((told, case.steps[0]))
    for step in case.told(*READ):
        if (who := people.who(step.at)) != UNOPENED:
            seen.people[who].append((told, step))


def together(seen: Seen, policy: Policy, since: int) -> Iterator[Suspicion]:
    """Find what cases show together; entries before `since` are only compared with."""
    for told in seen.identifiers.values():
        yield from _other_offence(told, since)
    for told in seen.texts.values():
        yield from _copied(told, since)
    for country, told in seen.special.items():
        if len(told) >= policy.special_least:
            case, step = max(told, key=_place)
            says = f"{len(told)} transfers to {country} under special circumstances"
            yield suspicion("M07", case, step, says)
    for who, told in seen.people.items():
        steps = sorted((step for _, step in told), key=lambda step: step.at)
        if (last := crowded(steps, policy)) is not None:
            case = next(case for case, step in told if step is last)
            yield suspicion("M01", case, last, f"{who} read evidence in bulk")
    yield from _hasty(seen, policy)


def leaving(
    seen: Seen, roles: Iterable[Step], policy: Policy, people: People
) -> Iterator[Suspicion]:
    """Find readings of a person shortly before, or after, a role was taken away."""
    for change in roles:
        subject = people.said(change.at, "subject")
        for case, step in seen.people.get(subject, ()):
            if step.time > change.time - policy.leaving_hours * HOUR:
                says = f"{subject} read evidence around the change of a role (entry {change.at})"
                yield suspicion("M02", case, step, says)


def _other_offence(told: Iterable[Mention], since: int) -> Iterator[Suspicion]:
    """One identifier in several cases of one country: under other offences, or again after a refusal.

    Of cases that are alike the first, or a refused one, stands for all: a thousand cost what one does.
    """
    alike: dict[tuple[str, Side | None, frozenset[str]], Brief] = {}
    done = set[str]()
    for case, step in sorted(told, key=_place):
        others = [each for each in alike.values() if _is_other(each, case)]
        before = next((each for each in others if _refused_before(each, step)), None)
        if others and case.ref not in done and step.time >= since:
            done.add(case.ref)
            other = before or others[0]
            says = f"{_offences(other)} in {other.name}, {_offences(case)} here"
            yield suspicion("M11" if before else "M03", case, step, says)
        key = case.country, case.side, case.offences
        if key not in alike or case.refused is not None:
            alike[key] = case


def _is_other(before: Brief, case: Brief) -> bool:
    same = (before.country, before.side) == (case.country, case.side)
    return same and before.ref != case.ref and not before.offences & case.offences


def _refused_before(case: Brief, step: Step) -> bool:
    return case.refused is not None and case.refused < step.at


def _offences(case: Brief) -> str:
    return ", ".join(sorted(case.offences)) or "no offence"


def _copied(told: Iterable[Mention], since: int) -> Iterator[Suspicion]:
    """One text in several cases; each after the first is told once."""
    ordered = sorted(told, key=_place)
    done = {ordered[0][0].ref}
    for case, step in ordered:
        if case.ref not in done and step.time >= since:
            says = f"its necessity is justified in the words of {ordered[0][0].name}"
            yield suspicion("M09", case, step, says)
        done.add(case.ref)


def _hasty(seen: Seen, policy: Policy) -> Iterator[Suspicion]:
    """A country whose share of emergencies stands out against all others together."""
    hasty = {
        peer: [each for each in told if each[0].emergency] for peer, told in seen.received.items()
    }
    every = sum(map(len, seen.received.values()))
    all_hasty = sum(map(len, hasty.values()))
    for peer, own in hasty.items():
        whole = len(seen.received[peer])
        rest, others = every - whole, all_hasty - len(own)
        stands_out = len(own) * rest > policy.emergency_factor * others * whole
        if len(own) >= policy.emergency_least and rest and stands_out:
            case, step = max(own, key=_place)
            says = (
                f"{len(own)} of {whole} requests are emergencies; of all others {others} of {rest}"
            )
            yield suspicion("M04", case, step, says)


def _place(mention: Mention) -> int:
    return mention[1].at
