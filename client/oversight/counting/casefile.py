"""One case: whose request, about what, where it stands, when it was open; `following` says how it came there.

A case is open in spells: it is opened again when a refusal is taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from client.oversight.counting.docket import Step
from shared.protocol.law.lifecycle import State


class Side(Enum):
    """Whose request it is."""

    MADE = "made by us"
    RECEIVED = "received by us"


class Outcome(Enum):
    """How a spell ended."""

    GRANTED = "granted or finalised"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OTHERWISE = "otherwise finalised"


EMERGENCIES: Final = frozenset({"URG-EMERGENCY", "KIND-EMERGENCY_DISCLOSURE", "KIND-EMERGENCY_MLA"})


@dataclass(slots=True, kw_only=True)
class Measure:
    """One measure: its code, where it stands, since when it is at its end; the step that refused it."""

    code: str
    state: State
    ended: int | None = None
    refused: int | None = None


@dataclass(slots=True, kw_only=True)
class Spell:
    """A time in which a case was open; `began` 0: before the first entry of these logs."""

    began: int
    ended: int | None = None
    outcome: Outcome | None = None


@dataclass(slots=True, kw_only=True)
class Case:
    """A case in a year, or in any other time from `since` to the end of the docket.

    Attributes:
        ref: its pseudonym.
        request: the request's id, where an entry names it.
        side: whose request it is; None if no step says.
        end: when the last entry that counts was dated.
        steps: all of them, in the order of the log.
        traits: the codes that describe the request.
        measures: by number and code.
        spells: when it was open.
    """

    ref: str
    request: str | None
    peer: str
    since: int
    end: int
    steps: Sequence[Step]
    side: Side | None = None
    state: State = State.DRAFT
    traits: set[str] = field(default_factory=set)
    measures: dict[tuple[int | None, str], Measure] = field(default_factory=dict)
    spells: list[Spell] = field(default_factory=list)
    by_kind: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))

    def ever(self, *kinds: str) -> Iterator[Step]:
        """Give the steps of some types."""
        for kind in kinds:
            yield from self.by_kind.get(kind, ())

    def told(self, *kinds: str) -> Iterator[Step]:
        """Give the steps of some types since the year began."""
        return (step for step in self.ever(*kinds) if step.time >= self.since)

    def first(self, *kinds: str) -> Step | None:
        """Give the first step of some types."""
        return min(self.ever(*kinds), key=lambda step: step.order, default=None)

    def of(self, family: str) -> list[str]:
        """Name the codes of a family that describe it: `OFF-` gives its offences."""
        return sorted(each for each in self.traits if each.startswith(family))

    @property
    def is_new(self) -> bool:
        """Whether it was sent or arrived since the year began."""
        return bool(self.spells) and self.spells[0].began >= self.since

    @property
    def is_open(self) -> bool:
        """Whether it is open at the end."""
        return bool(self.spells) and self.spells[-1].ended is None

    @property
    def is_refused(self) -> bool:
        """Whether the whole of it was refused in the end."""
        return bool(self.spells) and self.spells[-1].outcome is Outcome.REFUSED

    @property
    def emergency(self) -> bool:
        """Whether it is an emergency."""
        return bool(self.traits & EMERGENCIES) or "emergency.flagged" in self.by_kind

    @property
    def codes(self) -> list[str]:
        """Name the code of each measure, in the order of the request."""
        ordered = sorted(self.measures, key=lambda key: (key[0] or 0, key[1]))
        return [code for _, code in ordered if code]
