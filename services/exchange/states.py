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
    OFFER = "offer"  # the log proof is in hand, the entry is on its way
    RECEIVE = "receive"  # the peer's RelayAcceptance
    VERIFY = "verify"  # ContentConsignment
    DISPUTE = "dispute"  # RelayRejection or ContentConsignmentFailure
    HAND_OVER = "hand over"  # ContentHandover
    WITHDRAW = "withdraw"


class EntryState(StrEnum):
    """How far an entry of our own has got; entries of a peer are ACCEPTED or REJECTED."""

    SIGNED = "SIGNED"
    LOGGED = "LOGGED"
    DELIVERED = "DELIVERED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


def _request_arrows() -> Mapping[tuple[RequestState, RequestAct], RequestState]:
    """The transitions T01 to T29 between two countries' authorities."""
    state, act = RequestState, RequestAct
    arrows = {
        (state.DRAFT, act.AMEND): state.DRAFT,
        (state.RETURNED_TO_DRAFTER, act.AMEND): state.DRAFT,
        (state.DRAFT, act.SUBMIT): state.INTERNAL_REVIEW,
        (state.RETURNED_TO_DRAFTER, act.SUBMIT): state.INTERNAL_REVIEW,
        (state.INTERNAL_REVIEW, act.RETURN): state.RETURNED_TO_DRAFTER,
        (state.INTERNAL_REVIEW, act.APPROVE): state.APPROVED,
        (state.APPROVED, act.SEND): state.TRANSMITTED,
        (state.APPROVED, act.LAPSE): state.LAPSED,
        (state.TRANSMITTED, act.DELIVER): state.DELIVERED,
        (state.TRANSMITTED, act.REJECT): state.INADMISSIBLE,
        (state.DELIVERED, act.REJECT): state.INADMISSIBLE,
        (state.DELIVERED, act.ACKNOWLEDGE): state.ACKNOWLEDGED,
        (state.ACKNOWLEDGED, act.REVIEW): state.UNDER_REVIEW,
        (state.UNDER_REVIEW, act.ASK): state.INFO_REQUESTED,
        (state.INFO_REQUESTED, act.ANSWER): state.UNDER_REVIEW,
        (state.UNDER_REVIEW, act.PROPOSE): state.CONDITIONS_PROPOSED,
        (state.CONDITIONS_PROPOSED, act.SETTLE): state.UNDER_REVIEW,
        (state.UNDER_REVIEW, act.ACCEPT): state.ACCEPTED,
        (state.UNDER_REVIEW, act.ACCEPT_IN_PART): state.PARTIALLY_ACCEPTED,
        (state.UNDER_REVIEW, act.REFUSE): state.REFUSED,
        (state.UNDER_REVIEW, act.POSTPONE): state.POSTPONED,
        (state.EXECUTING, act.POSTPONE): state.POSTPONED,
        (state.POSTPONED, act.RESUME): state.UNDER_REVIEW,
        (state.ACCEPTED, act.EXECUTE): state.EXECUTING,
        (state.PARTIALLY_ACCEPTED, act.EXECUTE): state.EXECUTING,
        (state.EXECUTING, act.FULFIL_IN_PART): state.PARTIALLY_FULFILLED,
        (state.PARTIALLY_FULFILLED, act.FULFIL_IN_PART): state.PARTIALLY_FULFILLED,
        (state.EXECUTING, act.FULFIL): state.FULFILLED,
        (state.PARTIALLY_FULFILLED, act.FULFIL): state.FULFILLED,
        (state.FULFILLED, act.CLOSE): state.CLOSED,
        (state.EXECUTING, act.SUSPEND): state.SUSPENDED,
        (state.PARTIALLY_FULFILLED, act.SUSPEND): state.SUSPENDED,
        (state.SUSPENDED, act.RESUME): state.EXECUTING,
        (state.SUSPENDED, act.REFUSE): state.REFUSED,
        (state.REFUSED, act.REVIEW): state.UNDER_REVIEW,
    }
    withdrawable = [s for s in state if state.TRANSMITTED <= s <= state.FULFILLED]
    return arrows | {(s, act.WITHDRAW): state.WITHDRAWN for s in withdrawable}


def _sender_arrows() -> Mapping[tuple[PackageState, PackageAct], PackageState]:
    """A package in the country that wrote it."""
    state, act = PackageState, PackageAct
    arrows = {
        (state.COLLECTING, act.COLLECT): state.COLLECTING,
        (state.COLLECTING, act.CLOSE): state.CLOSING,
        (state.CLOSING, act.REOPEN): state.COLLECTING,
        (state.CLOSING, act.FREEZE): state.COLLECTED,
        (state.COLLECTED, act.PREPARE): state.FILTERED,
        (state.FILTERED, act.CLEAR): state.CLEARED,
        (state.CLEARED, act.RELEASE): state.SEALED,
        (state.SEALED, act.OFFER): state.RELEASED,
        (state.RELEASED, act.RECEIVE): state.RECEIVED,
        (state.RELEASED, act.DISPUTE): state.DISPUTED,
        (state.RECEIVED, act.VERIFY): state.VERIFIED,
        (state.RECEIVED, act.DISPUTE): state.DISPUTED,
        (state.VERIFIED, act.HAND_OVER): state.IN_USE,
    }
    open_to_withdrawal = (
        state.COLLECTING,
        state.COLLECTED,
        state.FILTERED,
        state.CLEARED,
    )
    return arrows | {(s, act.WITHDRAW): state.WITHDRAWN for s in open_to_withdrawal}


_REQUEST = _request_arrows()
_MEASURE: Mapping[tuple[MeasureState, RequestAct], MeasureState] = {
    (MeasureState.REQUESTED, RequestAct.ACCEPT): MeasureState.ACCEPTED,
    (MeasureState.REQUESTED, RequestAct.REFUSE): MeasureState.REFUSED,
}
_PACKAGE: Mapping[Direction, Mapping[tuple[PackageState, PackageAct], PackageState]] = {
    Direction.OUT: _sender_arrows(),
    Direction.IN: {
        (PackageState.RECEIVED, PackageAct.VERIFY): PackageState.VERIFIED,
        (PackageState.RECEIVED, PackageAct.DISPUTE): PackageState.DISPUTED,
        (PackageState.VERIFIED, PackageAct.HAND_OVER): PackageState.IN_USE,
    },
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
