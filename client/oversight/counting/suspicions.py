"""What a person must look at: an entry with which a pattern of misuse was complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from client.oversight.counting.casefile import Case, Side
from client.oversight.counting.docket import Step
from client.oversight.counting.lists import Policy, lists
from client.oversight.counting.questions.asking import HOUR, name, when
from shared.protocol.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Something that fits a pattern: `at` is the entry that completed it."""

    pattern: str
    case: str
    country: str
    at: int
    time: int
    says: str

    def to_json(self) -> dict[str, Json]:
        """Give it for programs."""
        title = lists().patterns[self.pattern].title
        return {
            "pattern": self.pattern,
            "title": title,
            "case": self.case,
            "country": self.country,
            "entry": self.at,
            "time": when(self.time),
            "says": self.says,
        }

    def line(self) -> str:
        """Write it for people."""
        title = lists().patterns[self.pattern].title
        return (
            f"{self.pattern}  {title}: {self.says} ({self.case}, {self.country}, entry {self.at})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What of a case is compared with others; 100,000 of them must fit into memory."""

    ref: str
    name: str
    country: str
    side: Side | None
    offences: frozenset[str]
    refused: int | None  # the entry, if the whole request was refused
    emergency: bool


def brief(case: Case) -> Brief:
    """Say of a case what is compared."""
    refused = next(case.ever("request.refused"), None) if case.is_refused else None
    return Brief(
        ref=case.ref,
        name=name(case),
        country=case.peer,
        side=case.side,
        offences=frozenset(case.of("OFF-")),
        refused=refused.at if refused else None,
        emergency=case.emergency,
    )


def suspicion(pattern: str, case: Brief, step: Step, says: str) -> Suspicion:
    """Suspect what an entry of a case completes."""
    return Suspicion(
        pattern=pattern, case=case.name, country=case.country, at=step.at, time=step.time, says=says
    )


def crowded(steps: Sequence[Step], policy: Policy) -> Step | None:
    """Give the reading with which there were too many within the hours; the first such."""
    window = policy.bulk_hours * HOUR
    for first, last in zip(steps, steps[policy.bulk_reads - 1 :], strict=False):
        if last.time - first.time <= window:
            return last
    return None
