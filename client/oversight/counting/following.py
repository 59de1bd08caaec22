"""Follow the steps of a case to where it stands, as both countries do by their entries (spec/lifecycle.md).

Where a measure stands is said by `request.decision`; a log that has none of it for a case tells the
state of the request alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from client.oversight.counting.casefile import Case, Measure, Outcome, Side, Spell
from client.oversight.counting.docket import ARRIVED, SENT, Docket, Step
from shared.protocol.law.lifecycle import State, fold
from shared.protocol.leaves import TRANSFER_INTENT, TRANSFER_RECEIVED

_REVIEWED: Final = "request.reviewed"  # inside our own house it moves nothing
_WHOLE: Final[Mapping[str, State]] = {
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
    "request.lapsed": State.LAPSED,
    "request.closed": State.CLOSED,
}
_READ: Final = frozenset({State.ACKNOWLEDGED, State.UNDER_REVIEW})
_SHIFTS: Final[Mapping[str, tuple[frozenset[State], State]]] = {
    "request.info_requested": (_READ, State.INFO_REQUESTED),
    "request.info_supplied": (frozenset({State.INFO_REQUESTED}), State.UNDER_REVIEW),
    "request.unanswered": (frozenset({State.INFO_REQUESTED}), State.UNDER_REVIEW),
    "condition.proposed": (_READ, State.CONDITIONS_PROPOSED),
    "condition.accepted": (frozenset({State.CONDITIONS_PROPOSED}), State.UNDER_REVIEW),
    "condition.declined": (frozenset({State.CONDITIONS_PROPOSED}), State.UNDER_REVIEW),
    "request.executing": (frozenset({State.ACCEPTED, State.PARTIALLY_ACCEPTED}), State.EXECUTING),
    "request.resumed": (frozenset({State.POSTPONED}), State.UNDER_REVIEW),
    "request.suspended": (
        frozenset({State.EXECUTING, State.PARTIALLY_FULFILLED}),
        State.SUSPENDED,
    ),
    "challenge.decided": (frozenset({State.SUSPENDED}), State.EXECUTING),
    "request.reopened": (frozenset({State.REFUSED}), State.UNDER_REVIEW),
}
"""From which states which measures move, unless an entry of their own says more."""
_ALONE: Final[Mapping[str, State]] = {
    "request.accepted": State.ACCEPTED,
    "request.refused": State.REFUSED,
    "request.postponed": State.POSTPONED,
    "request.completed": State.FULFILLED,
}
"""What says where a request stands if nothing says where its measures do."""
_UPHELD: Final = frozenset({"upheld", "upheld_part"})
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
_ASKING: Final = ("request", "withdrawal", "answer", "amendment")
_ANSWERING: Final = ("acknowledgement", "query", "decision", "package")
_OURS: Final = (
    _DRAFTED
    | {"request.sent"}
    | {f"{TRANSFER_INTENT}/{each}" for each in _ASKING}
    | {f"{TRANSFER_RECEIVED}/{each}" for each in _ANSWERING}
)
_THEIRS: Final = (
    frozenset({"request.delivered"})
    | {f"{TRANSFER_RECEIVED}/{each}" for each in _ASKING}
    | {f"{TRANSFER_INTENT}/{each}" for each in _ANSWERING}
)
_UNSENT: Final = frozenset(
    {State.DRAFT, State.INTERNAL_REVIEW, State.RETURNED_TO_DRAFTER, State.APPROVED}
)
_DESCRIBED: Final = "request.described"
_DECISION: Final = "request.decision"
_MEASURE: Final = "MEA-"


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
    if case.steps[0].kind not in _DRAFTED and not (by_kind.keys() & {SENT, ARRIVED}):
        case.state = State.DELIVERED  # it began in a log that is not here
        _open(case, 0)
    alone = _DECISION not in by_kind
    for step in case.steps:
        if step.kind == _DESCRIBED and step.reason:
            _describe(case, step, step.reason)
        elif step.kind == _DECISION and step.reason:
            _decide(case, step, step.reason)
        else:
            _follow(case, step, alone=alone)


def _follow(case: Case, step: Step, *, alone: bool) -> None:
    """Follow an act; `alone`: nothing says of single measures what was decided."""
    kind = step.kind
    if kind in _WHOLE and (kind != _REVIEWED or case.is_open):
        _move(case, _WHOLE[kind], step)
    elif kind in _SHIFTS:
        _shift(case, step)
    elif alone and kind in _ALONE:
        _move(case, _ALONE[kind], step)


def _side(by_kind: Mapping[str, Sequence[Step]]) -> Side | None:
    """Whose request it is: who sent it, or what only its sender, or only its reader, writes."""
    kinds = by_kind.keys()
    if SENT in kinds or kinds & _OURS:
        return Side.MADE
    return Side.RECEIVED if kinds & _THEIRS else None


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
    _stand(measure, state, step)
    _reach(case, _folded(frozenset(each.state for each in case.measures.values())), step.time)


def _shift(case: Case, step: Step) -> None:
    """Move those measures that stand where an act finds them."""
    sources, target = _SHIFTS[step.kind]
    if step.kind == "challenge.decided" and step.reason in _UPHELD:
        target = State.REFUSED
    found = [each for each in case.measures.values() if each.state in sources]
    for measure in found:
        _stand(measure, target, step)
    if found:
        _reach(case, _folded(frozenset(each.state for each in case.measures.values())), step.time)
    elif not case.measures and case.state in sources:
        _reach(case, target, step.time)


def _move(case: Case, state: State, step: Step) -> None:
    """Move the request and all of its measures that are not at their end."""
    for measure in case.measures.values():
        if measure.ended is None:
            _stand(measure, state, step)
    _reach(case, state, step.time)


def _stand(measure: Measure, state: State, step: Step) -> None:
    """Put a measure where a step puts it."""
    measure.state = state
    measure.ended = (measure.ended or step.time) if state in _OUTCOMES else None
    measure.refused = step.order if state is State.REFUSED else None


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
