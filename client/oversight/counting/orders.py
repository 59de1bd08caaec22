"""O03 to O07, O09, O11, O16: what was asked for, and what became of it (Regulation (EU) 2023/1543, 28)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from client.oversight.counting.casefile import Case, Measure, Outcome, Side
from client.oversight.counting.caseload import SIDES, Told
from client.oversight.counting.docket import ARRIVED, RELEASED, SENT
from client.oversight.counting.lists import data_of, titled
from shared.protocol.law.lifecycle import State

UNVALIDATED: Final = "unvalidated"
VALIDATION_REFUSED: Final = "WD-04"
OBTAINED: Final = ("package.received", "package.fetched", "package.verified")
_ENFORCEMENT: Final = frozenset({"KIND-EER_ENFORCEMENT", "KIND-GIVING_EFFECT_TO_ORDER"})
_NOTIFICATION: Final = "KIND-EER_NOTIFICATION"
_NORMAL, _EMERGENCY = "not an emergency", "emergency"
_ENDS: Final = tuple(
    f"{end}, {urgency}"
    for end in ("fulfilled", "not fulfilled")
    for urgency in (_NORMAL, _EMERGENCY)
)


def issued(case: Case) -> Iterator[Told]:
    """Count measures that we asked for, and what was approved without validation."""
    if case.side is Side.MADE and case.is_new:
        for code in case.codes:
            yield "O03-addressee", case.peer, _urgency(case), 1
            for data in data_of(code):
                yield "O03-data", titled(data), _urgency(case), 1
    if any(step.reason == UNVALIDATED for step in case.told("request.approved")):
        yield "O04", case.peer, "requests", 1


def fulfilled(case: Case) -> Iterator[Told]:
    """Count measures that came to their end in the year."""
    for measure in case.measures.values():
        if measure.ended is None or measure.ended < case.since or not measure.code:
            continue
        column = f"{_end(measure)}, {_urgency(case)}"
        if case.side is Side.RECEIVED:
            yield "O05-received", case.peer, column, 1
        elif case.side is Side.MADE:
            yield "O05-addressee", case.peer, column, 1
            for data in data_of(measure.code):
                yield "O05-data", titled(data), column, 1


def notified_and_refused(case: Case) -> Iterator[Told]:
    """Count notifications, and the grounds of refusals."""
    if case.side is None:
        return
    refusals = [step for step in case.told("request.refused") if step.reason]
    if _NOTIFICATION in case.traits:
        if case.is_new:
            yield "O06-notified", case.peer, f"{case.side.value}, notified", 1
        if refusals:
            yield "O06-notified", case.peer, f"{case.side.value}, ground raised", 1
    for step in refusals:
        yield "O06-grounds", titled(step.reason or ""), case.side.value, 1
        if case.emergency:
            yield "O16-grounds", titled(step.reason or ""), case.side.value, 1


def time_to_data(case: Case) -> Iterator[Told]:
    """Measure the time from issue or arrival to the first package."""
    made = case.side is Side.MADE
    began = case.first(SENT) if made else case.first(ARRIVED)
    data = case.first(*OBTAINED) if made else case.first(RELEASED)
    if case.side and began and data and data.time >= case.since:
        urgency = (case.of("URG-") or ["URG-ROUTINE"])[0].removeprefix("URG-").lower()
        yield "O07", urgency, case.side.value, data.time - began.time


def enforcement(case: Case) -> Iterator[Told]:
    """Count orders that the other State is to enforce."""
    if case.side is None or not case.traits & _ENFORCEMENT:
        return
    if case.is_new:
        yield "O09", case.peer, case.side.value, 1
    last = case.spells[-1] if case.spells else None
    if last and last.outcome is Outcome.GRANTED and (last.ended or 0) >= case.since:
        yield "O09", case.peer, f"{case.side.value}, fulfilled", 1


def not_validated(case: Case) -> Iterator[Told]:
    """Count what was not validated afterwards, once."""
    expired = any(case.told("request.validation_expired"))
    if expired or any(step.reason == VALIDATION_REFUSED for step in case.told("request.withdrawn")):
        yield "O11", case.peer, case.side.value if case.side else SIDES[0], 1


def emergencies(case: Case) -> Iterator[Told]:
    """Count emergencies, and what had become of them."""
    if case.side is None or not case.emergency or not case.is_new:
        return
    outcome = case.spells[-1].outcome
    yield "O16-volume", case.peer, case.side.value, 1
    yield "O16-volume", case.peer, outcome.value if outcome else "still open", 1


def _urgency(case: Case) -> str:
    return _EMERGENCY if case.emergency else _NORMAL


def _end(measure: Measure) -> str:
    return "fulfilled" if measure.state in {State.FULFILLED, State.CLOSED} else "not fulfilled"


COLUMNS: Final = {
    "O03-data": (_NORMAL, _EMERGENCY),
    "O03-addressee": (_NORMAL, _EMERGENCY),
    "O04": ("requests",),
    "O05-data": _ENDS,
    "O05-addressee": _ENDS,
    "O05-received": _ENDS,
    "O06-notified": tuple(
        f"{side}, {each}" for side in SIDES for each in ("notified", "ground raised")
    ),
    "O06-grounds": SIDES,
    "O07": SIDES,
    "O09": tuple(f"{side}{each}" for side in SIDES for each in ("", ", fulfilled")),
    "O11": SIDES,
    "O16-volume": (*SIDES, *(each.value for each in Outcome), "still open"),
    "O16-grounds": SIDES,
}
RULES: Final = (
    issued,
    fulfilled,
    notified_and_refused,
    time_to_data,
    enforcement,
    not_validated,
    emergencies,
)
