"""The life of a condition on the use of evidence, as one table (spec/conditions.md).

    PROPOSED ─accept→ ACCEPTED ─breach→ BREACHED ⇄ REPORTED
             ├decline→ DECLINED ─┐
             └────── vary ───────┴→ VARIED: another set, or a decision without it, took its place

A set is proposed, and accepted or declined, as a whole; what is breached and reported is one of its terms.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Final

from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.law import library
from shared.protocol.messages import Term


class ConditionState(StrEnum):
    """Where a condition stands."""

    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"  # it binds
    DECLINED = "DECLINED"
    VARIED = "VARIED"  # another took its place
    BREACHED = "BREACHED"  # it still binds
    REPORTED = "REPORTED"  # the breach was accounted for


class ConditionAct(StrEnum):
    """What may happen to a condition."""

    ACCEPT = "accept"
    DECLINE = "decline"
    VARY = "vary"
    BREACH = "breach"
    REPORT = "report"


_S, _A = ConditionState, ConditionAct
ARROWS: Final[Mapping[tuple[ConditionState, ConditionAct], ConditionState]] = {
    (_S.PROPOSED, _A.ACCEPT): _S.ACCEPTED,
    (_S.PROPOSED, _A.DECLINE): _S.DECLINED,
    (_S.PROPOSED, _A.VARY): _S.VARIED,
    (_S.DECLINED, _A.VARY): _S.VARIED,
    (_S.ACCEPTED, _A.VARY): _S.VARIED,
    (_S.ACCEPTED, _A.BREACH): _S.BREACHED,
    (_S.BREACHED, _A.REPORT): _S.REPORTED,
    (_S.REPORTED, _A.BREACH): _S.BREACHED,
}
BINDING: Final = frozenset({_S.ACCEPTED, _S.BREACHED, _S.REPORTED})


class WrongConditionStateError(ProtocolError):
    """An act is not open to a condition in its state."""

    code = "wrong_condition_state"


def advance(state: ConditionState, act: ConditionAct) -> ConditionState:
    """Return the state after an act.

    Raises:
        WrongConditionStateError: the act is not open in that state.
    """
    try:
        return ARROWS[state, act]
    except KeyError:
        able = ", ".join(sorted(a for s, a in ARROWS if s is state)) or "nothing"
        raise WrongConditionStateError(
            f"a condition that is {state} is open to {able}, not to {act}", state=state, act=act
        ) from None


def check_term(term: Term) -> Term:
    """Check that a term is one of the list, and says what a condition of its code has to.

    Raises:
        FormatError: it is unknown, or a parameter is missing, of another shape, or one too many.
    """
    if term.code not in library.codes()["condition"]:
        raise FormatError(f"there is no condition {term.code}", code=term.code)
    wanted = _table()["parameter"].get(term.code, {})
    if set(term.parameters) != set(wanted):
        said = ", ".join(f"{name} ({kind})" for name, kind in wanted.items()) or "no parameter"
        raise FormatError(f"{term.code} takes {said}", code=term.code)
    for name, kind in wanted.items():
        if kind == "day":
            _day(term, name)
        elif not names(term.parameters[name]):
            raise FormatError(f"{term.code} names nobody", code=term.code)
    return term


def speciality(codes: Sequence[str], said: Sequence[Term] = ()) -> tuple[Term, ...]:
    """Return the terms of a pair's profile that were not said, in the words of the list."""
    known = {term.code for term in said}
    return tuple(
        Term(code=code, text=library.title("condition", code))
        for code in codes
        if code not in known
    )


def undertaking(code: str) -> str | None:
    """Return the id of the field by which a request takes a condition on itself, None if there is none."""
    found = _table()["undertaking"].get(code)
    return None if found is None else str(found)


def deletion_date(terms: Sequence[Term]) -> date | None:
    """Return the day by which COND-05 has the evidence deleted, the earliest of several."""
    days = [date.fromisoformat(term.parameters["by"]) for term in terms if term.code == "COND-05"]
    return min(days, default=None)


def readers(term: Term) -> tuple[str, ...]:
    """Return the persons who alone may read (COND-14); empty: the condition names none."""
    return names(term.parameters.get("persons", "")) if term.code == "COND-14" else ()


def names(text: str) -> tuple[str, ...]:
    """Split names that are separated by semicolons."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _day(term: Term, name: str) -> None:
    try:
        date.fromisoformat(term.parameters[name])
    except ValueError:
        raise FormatError(f"{term.code}: {name} is no day, as 2027-06-30", code=term.code) from None


@cache
def _table() -> Mapping[str, Any]:
    return library.table("conditions.toml")
