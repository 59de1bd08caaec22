"""State machines of a request, a measure and a package, as tables.

A request for assistance (the codes are those every authority of the exchange uses in writing)::

    requesting country                              executing country (and, by entries, both)
    S00 draft ─submit→ S01 review ─approve→ S03 approved ─send→ S04 transmitted ─deliver→ S05 delivered
         S01 ─return→ S02 ─submit→ S01                                                     │acknowledge
                                                                                           ▼
    S12 refused ←refuse─ S07 under review ←review─ S06 acknowledged (S07 ⇄ S08, S09, S13)
                          │accept, accept in part
                          ▼
    S10 accepted, S11 partially ─execute→ S14 executing → S15 partially fulfilled → S16 → S17 closed
    any of S04…S16 ─withdraw→ S18;  S14, S15 ⇄ S19 suspended;  S04, S05 → S20 inadmissible

A package, at its sender::

    COLLECTING ⇄ CLOSING → COLLECTED → FILTERED → CLEARED → SEALED → RELEASED → RECEIVED
    before SEALED: → WITHDRAWN;     RECEIVED → VERIFIED | DISPUTED;  VERIFIED → IN_USE

and at its receiver::

    RECEIVED (segments are being fetched) → VERIFIED | DISPUTED;     VERIFIED → IN_USE

Any other pair of state and act raises `WrongStateError`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.runtime.refusals import Conflict


class WrongStateError(Conflict):
    """The object is in a state in which this act is not open; says which acts are."""

    def __init__(self, state: StrEnum, act: StrEnum, open_acts: Iterable[StrEnum]) -> None:
        able = sorted(set(open_acts))
        super().__init__(
            "wrong_state",
            f"To {act} is not possible in state {state}{_word(state)}.",
            next_step=f"Possible now: {', '.join(able)}." if able else "This state is final.",
            state=str(state),
            act=str(act),
        )


def _word(state: StrEnum) -> str:
    """Add the word to a code: `S05` is DELIVERED."""
    return "" if state.name == state.value else f" ({state.name.replace('_', ' ').lower()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something, and when."""

    client_id: str  # the national system, or the country of the peer
    officer: str | None = None  # as the national system asserts it
    at: datetime

    @property
    def personal(self) -> dict[str, str]:
        """Return what the log keeps as salted commitments only."""
        return {"client": self.client_id} | ({"officer": self.officer} if self.officer else {})


class Direction(StrEnum):
    """Who wrote it: `out` this country, `in` its peer."""

    OUT = "out"
    IN = "in"


class RequestState(StrEnum):
    """Where a request for assistance stands."""

    DRAFT = "S00"
    INTERNAL_REVIEW = "S01"
    RETURNED_TO_DRAFTER = "S02"
    APPROVED = "S03"
    TRANSMITTED = "S04"
    DELIVERED = "S05"
    ACKNOWLEDGED = "S06"
    UNDER_REVIEW = "S07"
    INFO_REQUESTED = "S08"
    CONDITIONS_PROPOSED = "S09"
    ACCEPTED = "S10"
    PARTIALLY_ACCEPTED = "S11"
    REFUSED = "S12"
    POSTPONED = "S13"
    EXECUTING = "S14"
    PARTIALLY_FULFILLED = "S15"
    FULFILLED = "S16"
    CLOSED = "S17"
    WITHDRAWN = "S18"
    SUSPENDED = "S19"
    INADMISSIBLE = "S20"
    LAPSED = "S21"


class RequestAct(StrEnum):
    """What may happen to a request."""

    AMEND = "amend"
    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    SEND = "send"
    DELIVER = "deliver"
    REJECT = "reject"
    ACKNOWLEDGE = "acknowledge"
    REVIEW = "review"
    ASK = "ask"
    ANSWER = "answer"
    PROPOSE = "propose conditions"
    SETTLE = "settle conditions"
    ACCEPT = "accept"
    ACCEPT_IN_PART = "accept in part"
    REFUSE = "refuse"
    POSTPONE = "postpone"
    RESUME = "resume"
    EXECUTE = "execute"
    FULFIL_IN_PART = "fulfil in part"
    FULFIL = "fulfil"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    SUSPEND = "suspend"
    LAPSE = "lapse"


class MeasureState(StrEnum):
    """Where one measure asked for stands; the decision is made measure by measure."""

    REQUESTED = "REQUESTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


class PackageState(StrEnum):
    """Where a package stands."""

    COLLECTING = "COLLECTING"
    CLOSING = "CLOSING"
    COLLECTED = "COLLECTED"
    FILTERED = "FILTERED"
    CLEARED = "CLEARED"
    SEALED = "SEALED"
    RELEASED = "RELEASED"
    RECEIVED = "RECEIVED"
    VERIFIED = "VERIFIED"
    DISPUTED = "DISPUTED"
    IN_USE = "IN_USE"
    WITHDRAWN = "WITHDRAWN"


class PackageAct(StrEnum):
    """What may happen to a package."""

    COLLECT = "collect"  # create, declare, upload, delete: the package stays open
    CLOSE = "close"
    REOPEN = "reopen"  # the read-back found something wrong
    FREEZE = "freeze"  # the read-back found everything right
    PREPARE = "prepare"
    CLEAR = "clear"
    RELEASE = "release"
    OFFER = "offer"  # the entry is logged and witnessed, and on its way
    RECEIVE = "receive"  # the peer's RelayAcceptance
    VERIFY = "verify"  # ContentConsignment
    DISPUTE = "dispute"  # RelayRejection or ContentConsignmentFailure
    HAND_OVER = "hand over"  # ContentHandover
    WITHDRAW = "withdraw"


class EntryState(StrEnum):
    """How far an entry of our own has got; entries of a peer are ACCEPTED or REJECTED."""

    SIGNED = "SIGNED"
    LOGGED = "LOGGED"  # it has its place in our log
    WITNESSED = "WITNESSED"  # and a proof of it that our policy's quorum stands for: it may leave
    DELIVERED = "DELIVERED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


_R, _RA, _P, _PA = RequestState, RequestAct, PackageState, PackageAct
# The transitions T01 to T29 between two countries' authorities.
_REQUEST: Mapping[tuple[RequestState, RequestAct], RequestState] = {
    (_R.DRAFT, _RA.AMEND): _R.DRAFT,
    (_R.RETURNED_TO_DRAFTER, _RA.AMEND): _R.DRAFT,
    (_R.DRAFT, _RA.SUBMIT): _R.INTERNAL_REVIEW,
    (_R.RETURNED_TO_DRAFTER, _RA.SUBMIT): _R.INTERNAL_REVIEW,
    (_R.INTERNAL_REVIEW, _RA.RETURN): _R.RETURNED_TO_DRAFTER,
    (_R.INTERNAL_REVIEW, _RA.APPROVE): _R.APPROVED,
    (_R.APPROVED, _RA.SEND): _R.TRANSMITTED,
    (_R.APPROVED, _RA.LAPSE): _R.LAPSED,
    (_R.TRANSMITTED, _RA.DELIVER): _R.DELIVERED,
    (_R.TRANSMITTED, _RA.REJECT): _R.INADMISSIBLE,
    (_R.DELIVERED, _RA.REJECT): _R.INADMISSIBLE,
    (_R.DELIVERED, _RA.ACKNOWLEDGE): _R.ACKNOWLEDGED,
    (_R.ACKNOWLEDGED, _RA.REVIEW): _R.UNDER_REVIEW,
    (_R.UNDER_REVIEW, _RA.ASK): _R.INFO_REQUESTED,
    (_R.INFO_REQUESTED, _RA.ANSWER): _R.UNDER_REVIEW,
    (_R.UNDER_REVIEW, _RA.PROPOSE): _R.CONDITIONS_PROPOSED,
    (_R.CONDITIONS_PROPOSED, _RA.SETTLE): _R.UNDER_REVIEW,
    (_R.UNDER_REVIEW, _RA.ACCEPT): _R.ACCEPTED,
    (_R.UNDER_REVIEW, _RA.ACCEPT_IN_PART): _R.PARTIALLY_ACCEPTED,
    (_R.UNDER_REVIEW, _RA.REFUSE): _R.REFUSED,
    (_R.UNDER_REVIEW, _RA.POSTPONE): _R.POSTPONED,
    (_R.EXECUTING, _RA.POSTPONE): _R.POSTPONED,
    (_R.POSTPONED, _RA.RESUME): _R.UNDER_REVIEW,
    (_R.ACCEPTED, _RA.EXECUTE): _R.EXECUTING,
    (_R.PARTIALLY_ACCEPTED, _RA.EXECUTE): _R.EXECUTING,
    (_R.EXECUTING, _RA.FULFIL_IN_PART): _R.PARTIALLY_FULFILLED,
    (_R.PARTIALLY_FULFILLED, _RA.FULFIL_IN_PART): _R.PARTIALLY_FULFILLED,
    (_R.EXECUTING, _RA.FULFIL): _R.FULFILLED,
    (_R.PARTIALLY_FULFILLED, _RA.FULFIL): _R.FULFILLED,
    (_R.FULFILLED, _RA.CLOSE): _R.CLOSED,
    (_R.EXECUTING, _RA.SUSPEND): _R.SUSPENDED,
    (_R.PARTIALLY_FULFILLED, _RA.SUSPEND): _R.SUSPENDED,
    (_R.SUSPENDED, _RA.RESUME): _R.EXECUTING,
    (_R.SUSPENDED, _RA.REFUSE): _R.REFUSED,
    (_R.REFUSED, _RA.REVIEW): _R.UNDER_REVIEW,
    **{(s, _RA.WITHDRAW): _R.WITHDRAWN for s in _R if _R.TRANSMITTED <= s <= _R.FULFILLED},
}
_SENDER: Mapping[tuple[PackageState, PackageAct], PackageState] = {
    (_P.COLLECTING, _PA.COLLECT): _P.COLLECTING,
    (_P.COLLECTING, _PA.CLOSE): _P.CLOSING,
    (_P.CLOSING, _PA.REOPEN): _P.COLLECTING,
    (_P.CLOSING, _PA.FREEZE): _P.COLLECTED,
    (_P.COLLECTED, _PA.PREPARE): _P.FILTERED,
    (_P.FILTERED, _PA.CLEAR): _P.CLEARED,
    (_P.CLEARED, _PA.RELEASE): _P.SEALED,
    (_P.SEALED, _PA.OFFER): _P.RELEASED,
    (_P.RELEASED, _PA.RECEIVE): _P.RECEIVED,
    (_P.RELEASED, _PA.DISPUTE): _P.DISPUTED,
    (_P.RECEIVED, _PA.VERIFY): _P.VERIFIED,
    (_P.RECEIVED, _PA.DISPUTE): _P.DISPUTED,
    (_P.VERIFIED, _PA.HAND_OVER): _P.IN_USE,
    **{
        (s, _PA.WITHDRAW): _P.WITHDRAWN
        for s in (_P.COLLECTING, _P.COLLECTED, _P.FILTERED, _P.CLEARED)
    },
}
_RECEIVER: Mapping[tuple[PackageState, PackageAct], PackageState] = {
    (_P.RECEIVED, _PA.VERIFY): _P.VERIFIED,
    (_P.RECEIVED, _PA.DISPUTE): _P.DISPUTED,
    (_P.VERIFIED, _PA.HAND_OVER): _P.IN_USE,
}
_PACKAGE = {Direction.OUT: _SENDER, Direction.IN: _RECEIVER}
_MEASURE: Mapping[tuple[MeasureState, RequestAct], MeasureState] = {
    (MeasureState.REQUESTED, RequestAct.ACCEPT): MeasureState.ACCEPTED,
    (MeasureState.REQUESTED, RequestAct.REFUSE): MeasureState.REFUSED,
}


def advance_request(state: RequestState, act: RequestAct) -> RequestState:
    """Return the state after `act`; raises WrongStateError."""
    try:
        return _REQUEST[state, act]
    except KeyError:
        raise WrongStateError(state, act, (a for s, a in _REQUEST if s == state)) from None


def advance_measure(state: MeasureState, act: RequestAct) -> MeasureState:
    """Return a measure's state after ACCEPT or REFUSE; raises WrongStateError."""
    try:
        return _MEASURE[state, act]
    except KeyError:
        raise WrongStateError(state, act, (a for s, a in _MEASURE if s == state)) from None


def advance_package(direction: Direction, state: PackageState, act: PackageAct) -> PackageState:
    """Return the state after `act` on this side of the border; raises WrongStateError."""
    try:
        return _PACKAGE[direction][state, act]
    except KeyError:
        arrows = _PACKAGE[direction]
        raise WrongStateError(state, act, (a for s, a in arrows if s == state)) from None
