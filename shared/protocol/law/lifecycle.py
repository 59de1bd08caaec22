"""The life of a request: 22 states, 31 transitions, measure by measure, as one table (spec/lifecycle.md).

Both countries compute the same states from the same entries. Up to its acknowledgement a request has one
state; from then on each measure has its own, and the request's is their fold.

    requesting country                               requested country (and, by entries, both)
    S00 ─T01→ S01 ─T03→ S03 ─T05→ S04 ─T06→ S05 ─T08→ S06 ─T10→ S07 ⇄ S08, S09, S13
         S01 ─T02→ S02                                             └→ S10, S11, S12 → S14 → S15 → S16 → S17
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.protocol.entries import EntryType
from shared.protocol.errors import ProtocolError
from shared.protocol.law.lifewords import Act, Role, State

__all__ = [
    "TRANSITIONS",
    "Act",
    "Role",
    "State",
    "Transition",
    "WrongStateError",
    "advance",
    "fold",
    "open_acts",
    "transition",
    "word",
    "words",
]


class WrongStateError(ProtocolError):
    """An act is not open in a state; says which are."""

    code = "wrong_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An arrow: number, act, from which states to which, by whom, as which entry, by which rule.

    `target` None: the state stays. `whole`: it is about the request and not about single measures.
    """

    number: str
    act: Act
    sources: frozenset[State]
    target: State | None
    roles: tuple[Role, ...]
    entry: EntryType | None
    rule: str
    whole: bool = False


def _arrow(  # noqa: PLR0913, PLR0917 - the columns of the table
    number: str,
    act: Act,
    sources: str,
    target: str | None,
    roles: str,
    entry: EntryType | None,
    rule: str,
    *,
    whole: bool = False,
) -> Transition:
    return Transition(
        number=number,
        act=act,
        sources=frozenset(_states(sources)),
        target=State(target) if target else None,
        roles=tuple(Role(role) for role in roles.split()),
        entry=entry,
        rule=rule,
        whole=whole,
    )


def _states(text: str) -> Iterable[State]:
    for part in text.split():
        first, _, last = part.partition("-")
        yield from (each for each in State if first <= each <= (last or first))


_E = EntryType
TRANSITIONS: Sequence[Transition] = (
    _arrow("T00", Act.AMEND, "S00 S02", "S00", "RQ-INV", None, "a draft may change", whole=True),
    _arrow(
        "T01",
        Act.SUBMIT,
        "S00 S02",
        "S01",
        "RQ-INV",
        None,
        "UNTOC 18(15); MT 5; BUD 29(2)",
        whole=True,
    ),
    _arrow("T02", Act.RETURN, "S01", "S02", "RQ-JUD RQ-CA", None, "reasons given", whole=True),
    _arrow("T03", Act.APPROVE, "S01", "S03", "RQ-JUD", None, "EIO 6; EER 4(1)-(3)", whole=True),
    _arrow("T04", Act.APPROVE_UNVALIDATED, "S00", "S03", "DUTY", None, "EER 4(5)", whole=True),
    _arrow(
        "T05", Act.SEND, "S03", "S04", "RQ-CA", _E.REQUEST, "BUD 27(2)(b); EER 9(1)", whole=True
    ),
    _arrow("T06", Act.DELIVER, "S04", "S05", "SYS", _E.RECEIPT, "BUD 25(3)", whole=True),
    _arrow(
        "T07",
        Act.REJECT,
        "S04 S05",
        "S20",
        "SYS RD-CA",
        _E.RECEIPT,
        "EIO 2(c); EER 16(4)(a)",
        whole=True,
    ),
    _arrow(
        "T08", Act.ACKNOWLEDGE, "S05", "S06", "RD-CA", _E.ACKNOWLEDGEMENT, "EIO 16(1)", whole=True
    ),
    _arrow(
        "T09",
        Act.FORWARD,
        "S06",
        None,
        "RD-CA",
        _E.NOTICE,
        "EIO 7(6), 16(1); BUD 27(9)(c)",
        whole=True,
    ),
    _arrow(
        "T10", Act.REVIEW, "S06", "S07", "RD-CA", _E.NOTICE, "a reviewer is assigned", whole=True
    ),
    _arrow(
        "T11",
        Act.ASK,
        "S07",
        "S08",
        "RD-CA",
        _E.QUERY,
        "IMAC 28(6), 80o; EIO 11(4); EER 10(6); MT 5(3)",
    ),
    _arrow("T12", Act.ANSWER, "S08", "S07", "RQ-CA SYS", _E.ANSWER, "IMAC 80o(3)"),
    _arrow(
        "T13",
        Act.PROPOSE,
        "S07",
        "S09",
        "RD-CA",
        _E.CONDITIONS,
        "BUD 27(6); UNTOC 18(26); MT 4(4); EER 12(3)",
    ),
    _arrow("T14", Act.SETTLE, "S09", "S07", "RQ-CA", _E.CONDITIONS, "BUD 28(3)"),
    _arrow("T15", Act.ACCEPT, "S07", "S10", "RD-CA", _E.DECISION, "EIO 9(1), 10; BUD 27(3)"),
    _arrow(
        "T16",
        Act.REFUSE,
        "S07",
        "S12",
        "RD-CA",
        _E.DECISION,
        "BUD 27(4)-(7); UNTOC 18(21)-(26); EIO 11; EER 12",
    ),
    _arrow(
        "T17",
        Act.POSTPONE,
        "S07 S14",
        "S13",
        "RD-CA",
        _E.DECISION,
        "BUD 27(5); UNTOC 18(25); EIO 15, 16(3)(b)",
    ),
    _arrow("T18", Act.RESUME, "S13", "S07", "RD-CA", _E.DECISION, "EIO 15(2)"),
    _arrow(
        "T19",
        Act.EXECUTE,
        "S10 S11",
        "S14",
        "RD-EXE",
        _E.DECISION,
        "the domestic order was obtained",
    ),
    _arrow("T20", Act.SUBSTITUTE, "S14", None, "RD-EXE", _E.NOTICE, "EIO 10(1)-(4)"),
    _arrow("T21", Act.FULFIL_IN_PART, "S14 S15", "S15", "RD-CA", _E.PACKAGE, "EIO 13(1)"),
    _arrow("T22", Act.FULFIL, "S14 S15", "S16", "RD-CA", _E.DECISION, "EIO 13(1)"),
    _arrow(
        "T23", Act.CLOSE, "S12 S16", "S17", "RQ-CA", _E.NOTICE, "MT 7; EIO 13(3)-(4)", whole=True
    ),
    _arrow(
        "T24",
        Act.WITHDRAW,
        "S04-S16 S19",
        "S18",
        "RQ-CA",
        _E.WITHDRAWAL,
        "EIO 6(3), 10(4); EER 10(9), 12(2)",
        whole=True,
    ),
    _arrow(
        "T25",
        Act.SUSPEND,
        "S14 S15",
        "S19",
        "RD-JUD SYS",
        _E.CHALLENGE,
        "EIO 13(2); IMAC 80l(1); EER 17(3)",
    ),
    _arrow("T26", Act.LIFT, "S19", "S14", "RD-JUD", _E.CHALLENGE, "EER 17(8)"),
    _arrow("T27", Act.UPHOLD, "S19", "S12", "RD-JUD", _E.CHALLENGE, "EER 17(8); EIO 14(7)"),
    _arrow(
        "T28", Act.LAPSE, "S03-S11 S13-S16 S19", "S21", "SYS", _E.WITHDRAWAL, "EER 4(5)", whole=True
    ),
    _arrow("T29", Act.REOPEN, "S12", "S07", "RQ-CA", _E.ANSWER, "BUD 27(6)"),
    _arrow("T30", Act.SUPPLEMENT, "S06-S15", None, "RQ-CA", _E.NOTICE, "EIO 8", whole=True),
    _arrow(
        "T31",
        Act.REPORT,
        "S12 S14-S18 S21",
        None,
        "RQ-CA RD-CA",
        _E.NOTICE,
        "BUD 28(4); 2AP 14(5), (10)",
        whole=True,
    ),
)
_BY_ACT: Mapping[Act, Transition] = {arrow.act: arrow for arrow in TRANSITIONS}


def transition(act: Act) -> Transition:
    """Return the arrow of an act."""
    return _BY_ACT[act]


def open_acts(state: State) -> Sequence[Act]:
    """Return what may be done in a state, by name."""
    return sorted(each.act for each in TRANSITIONS if state in each.sources)


def advance(state: State, act: Act) -> State:
    """Return the state after an act.

    Raises:
        WrongStateError: the act is not open in that state.
    """
    arrow = _BY_ACT[act]
    if state not in arrow.sources:
        able = open_acts(state)
        raise WrongStateError(
            f"to {words(act)} is not possible in state {state} ({word(state)}); "
            + (f"possible now: {', '.join(map(words, able))}" if able else "this state is final"),
            state=str(state),
            act=str(act),
        )
    return arrow.target or state


def words(act: Act) -> str:
    """Say an act in words."""
    return act.replace("-", " ")


def word(state: State) -> str:
    """Say a state in words."""
    return state.name.lower().replace("_", " ")


_ORDER = (
    State.SUSPENDED,
    State.UNDER_REVIEW,
    State.INFO_REQUESTED,
    State.CONDITIONS_PROPOSED,
    State.POSTPONED,
)
_ENDS = (
    State.LAPSED,
    State.WITHDRAWN,
    State.CLOSED,
    State.FULFILLED,
    State.REFUSED,
    State.INADMISSIBLE,
)


def fold(measures: Collection[State]) -> State:
    """Return the state of a request from those of its measures.

    What is on its way counts before what is at its end: an open question or a suspension hides nothing
    that is executing, and a request is fulfilled when every measure is at its end and one of them fulfilled.
    """
    states = set(measures)
    if len(states) == 1:
        return next(iter(states))
    if states & {State.EXECUTING, State.PARTIALLY_FULFILLED}:
        some = states & {State.PARTIALLY_FULFILLED, State.FULFILLED}
        return State.PARTIALLY_FULFILLED if some else State.EXECUTING
    for state in _ORDER:
        if state in states:
            return state
    if State.ACCEPTED in states:
        return State.PARTIALLY_ACCEPTED
    return next(end for end in _ENDS if end in states)
