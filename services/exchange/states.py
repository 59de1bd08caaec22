"""State machines of a request and of a package.

A request's is `shared.protocol.law.lifecycle`: one table for both countries, measure by measure. A
package, at its sender::

    COLLECTING ⇄ CLOSING → COLLECTED → FILTERED → CLEARED → SEALED → RELEASED → RECEIVED
    before SEALED: → WITHDRAWN;     RECEIVED → VERIFIED | DISPUTED;  VERIFIED → IN_USE

and at its receiver::

    RECEIVED (segments are being fetched) → VERIFIED | DISPUTED;     VERIFIED → IN_USE

on both sides, at the end: VERIFIED, IN_USE, DISPUTED → RETURNED | DESTROYED. Any other pair of state and
act raises `WrongStateError`. A package that a challenge holds keeps its state: gate G14 holds it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.protocol.law import lifecycle
from shared.protocol.law.lifecycle import Act, State
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
    RETURNED = "RETURNED"
    DESTROYED = "DESTROYED"


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
    RETURN = "return"
    DESTROY = "destroy"


class EntryState(StrEnum):
    """How far an entry of our own has got; entries of a peer are ACCEPTED or REJECTED."""

    SIGNED = "SIGNED"
    LOGGED = "LOGGED"  # it has its place in our log
    WITNESSED = "WITNESSED"  # and a proof of it that our policy's quorum stands for: it may leave
    DELIVERED = "DELIVERED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


_P, _PA = PackageState, PackageAct
_ENDED: Mapping[tuple[PackageState, PackageAct], PackageState] = {
    (state, act): end
    for state in (_P.RECEIVED, _P.VERIFIED, _P.IN_USE, _P.DISPUTED)
    for act, end in ((_PA.RETURN, _P.RETURNED), (_PA.DESTROY, _P.DESTROYED))
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
    **_ENDED,
}
_RECEIVER: Mapping[tuple[PackageState, PackageAct], PackageState] = {
    (_P.RECEIVED, _PA.VERIFY): _P.VERIFIED,
    (_P.RECEIVED, _PA.DISPUTE): _P.DISPUTED,
    (_P.VERIFIED, _PA.HAND_OVER): _P.IN_USE,
    **_ENDED,
}
PACKAGE: Mapping[Direction, Mapping[tuple[PackageState, PackageAct], PackageState]] = {
    Direction.OUT: _SENDER,
    Direction.IN: _RECEIVER,
}


def advance(state: State, act: Act) -> State:
    """Return the state of a request, or of a measure of it, after `act`; raises WrongStateError."""
    try:
        return lifecycle.advance(state, act)
    except lifecycle.WrongStateError as error:
        raise WrongStateError(state, act, lifecycle.open_acts(state)) from error


def advance_package(direction: Direction, state: PackageState, act: PackageAct) -> PackageState:
    """Return the state after `act` on this side of the border; raises WrongStateError."""
    try:
        return PACKAGE[direction][state, act]
    except KeyError:
        arrows = PACKAGE[direction]
        raise WrongStateError(state, act, (a for s, a in arrows if s == state)) from None
