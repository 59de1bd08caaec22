"""One case as its steps tell it: whose request, about what, where it stands, when it was open.

Where a measure stands is said by `request.decision`; a log that has none of it for a case tells the
state of the request alone. A case is open in spells: it is opened again when a refusal is taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Final

from client.oversight.counting.docket import ARRIVED, SENT, Docket, Step
from shared.protocol.law.lifecycle import State, fold


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


_REVIEWED: Final = "request.reviewed"  # inside our own house it moves nothing
WHOLE: Final[Mapping[str, State]] = {
    "request.drafted": State.DRAFT,
    "request.submitted": State.INTERNAL_REVIEW,
    "request.returned": State.RETURNED_TO_DRAFTER,
    "request.approved": State.APPROVED,
    "request.sent": State.TRANSMITTED,
    SENT: State.TRANSMITTED,
    ARRIVED: State.DELIVERED,
    "request.delivered": State.DELIVERED,
    "request.rejected": State.INADMISSIBLE,
    "request.rejected_auth": State.INADMISSIBLE,
    "request.acknowledged": State.ACKNOWLEDGED,
    _REVIEWED: State.UNDER_REVIEW,
    "request.withdrawn": State.WITHDRAWN,
    "request.validation_expired": State.LAPSED,
    "request.closed": State.CLOSED,
}
_ALONE: Final[Mapping[str, State]] = {
    "request.info_requested": State.INFO_REQUESTED,
    "request.info_supplied": State.UNDER_REVIEW,
    "request.accepted": State.ACCEPTED,
    "request.refused": State.REFUSED,
    "request.postponed": State.POSTPONED,
    "request.resumed": State.UNDER_REVIEW,
    "request.completed": State.FULFILLED,
}
"""What says where a request stands if nothing says where its measures do."""
_OUTCOMES: Final[Mapping[State, Outcome]] = {
    State.FULFILLED: Outcome.GRANTED,
    State.CLOSED: Outcome.GRANTED,
    State.REFUSED: Outcome.REFUSED,
    State.WITHDRAWN: Outcome.WITHDRAWN,
    State.INADMISSIBLE: Outcome.OTHERWISE,
    State.LAPSED: Outcome.OTHERWISE,
}
_DRAFTED: Final = frozenset(
    {"request.drafted", "request.submitted", "request.returned", "request.approved"}
)
_UNSENT: Final = frozenset(
    {State.DRAFT, State.INTERNAL_REVIEW, State.RETURNED_TO_DRAFTER, State.APPROVED}
)
_DESCRIBED: Final = "request.described"
_DECISION: Final = "request.decision"
_MEASURE: Final = "MEA-"
EMERGENCIES: Final = frozenset({"URG-EMERGENCY", "KIND-EMERGENCY_DISCLOSURE", "KIND-EMERGENCY_MLA"})


@dataclass(slots=True, kw_only=True)
class Measure:
    """One measure: its code, where it stands, since when it is at its end."""

    code: str
    state: State
    ended: int | None = None


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
        return min(self.ever(*kinds), key=lambda step: step.at, default=None)

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
        """Name the code of each measure."""
        return [each.code for each in self.measures.values() if each.code]


def cases(docket: Docket, since: int) -> Iterator[Case]:
    """Give every case, in the order of their first entries."""
    for ref, folder in docket.folders.items():
        case = Case(
            ref=ref.decode(),
            request=folder.request,
            peer=folder.peer or "??",
            since=since,
            end=docket.last,
            steps=docket.steps(folder),
        )
        _read(case)
        yield case


def _read(case: Case) -> None:
    """Go through the steps."""
    by_kind = case.by_kind
    for step in case.steps:
        by_kind[step.kind].append(step)
    case.side = _side(by_kind)
    alone = _DECISION not in by_kind
    if case.steps[0].kind not in _DRAFTED and not (by_kind.keys() & {SENT, ARRIVED}):
        case.state = State.DELIVERED  # it began in a log that is not here
        _open(case, 0)
    for step in case.steps:
        kind = step.kind
        if kind == _DESCRIBED and step.reason:
            _describe(case, step, step.reason)
        elif kind == _DECISION and step.reason:
            _decide(case, step, step.reason)
        elif kind in WHOLE and (kind != _REVIEWED or case.is_open):
            _move(case, WHOLE[kind], step.time)
        elif alone and kind in _ALONE:
            _move(case, _ALONE[kind], step.time)


def _side(by_kind: Mapping[str, Sequence[Step]]) -> Side | None:
    if SENT in by_kind or by_kind.keys() & _DRAFTED or "request.sent" in by_kind:
        return Side.MADE
    return Side.RECEIVED if ARRIVED in by_kind or "request.delivered" in by_kind else None


def _describe(case: Case, step: Step, code: str) -> None:
    case.traits.add(code)
    if code.startswith(_MEASURE):
        case.measures.setdefault((step.number, code), Measure(code=code, state=case.state))


def _decide(case: Case, step: Step, reason: str) -> None:
    code, _, reached = reason.partition("/")
    state = _state(reached)
    if state is None:
        return
    key = (step.number, code)
    if key not in case.measures:
        key = next((each for each in case.measures if each[1] == code), key)
    measure = case.measures.setdefault(key, Measure(code=code, state=state))
    measure.state = state
    measure.ended = (measure.ended or step.time) if state in _OUTCOMES else None
    _reach(case, _folded(frozenset(each.state for each in case.measures.values())), step.time)


def _move(case: Case, state: State, time: int) -> None:
    """Move the request and all of its measures."""
    for measure in case.measures.values():
        measure.state = state
        measure.ended = (measure.ended or time) if state in _OUTCOMES else None
    _reach(case, state, time)


def _reach(case: Case, state: State, time: int) -> None:
    case.state = state
    if state in _UNSENT:
        return
    outcome = _OUTCOMES.get(state)
    if not case.is_open and outcome is None:
        _open(case, time)
    elif case.is_open and outcome is not None:
        case.spells[-1].ended, case.spells[-1].outcome = time, outcome


def _open(case: Case, time: int) -> None:
    case.spells.append(Spell(began=time))


@lru_cache(maxsize=1024)
def _folded(states: frozenset[State]) -> State:
    return fold(states)


@lru_cache(maxsize=64)
def _state(text: str) -> State | None:
    return next((each for each in State if each.value == text), None)
