"""The preservation of data: a table (process 2.4; BUD 16, 29; EER 11).

REQUESTED → ORDERED → PRESERVED ⇄ EXTENDED → LINKED (kept until the request is decided, BUD 29(7))
→ RELEASED | EXPIRED;  REQUESTED → REFUSED
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.protocol.errors import ProtocolError


class PreservationState(StrEnum):
    """Where a preservation stands."""

    REQUESTED = "REQUESTED"
    PRESERVED = "PRESERVED"
    EXTENDED = "EXTENDED"
    LINKED = "LINKED_TO_REQUEST"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"


class PreservationStep(StrEnum):
    """What happens to it; the words of `PreservationBody.state`."""

    ORDER = "ordered"
    ASK = "asked"  # for more time; by the requesting country
    EXTEND = "extended"
    WARN = "warning"  # it will not secure the data, or endangers secrecy (BUD 29(6))
    LINK = "linked"
    RELEASE = "released"
    EXPIRE = "expired"
    REFUSE = "refused"


class WrongPreservationError(ProtocolError):
    """A step does not follow; says where the preservation stands."""

    code = "wrong_preservation_step"


_P, _S = PreservationState, PreservationStep
_RUNNING: Final = (_P.PRESERVED, _P.EXTENDED)
STEPS: Final[Mapping[tuple[PreservationState, PreservationStep], PreservationState]] = {
    (_P.REQUESTED, _S.ORDER): _P.PRESERVED,
    (_P.REQUESTED, _S.REFUSE): _P.REFUSED,
    (_P.REQUESTED, _S.WARN): _P.REQUESTED,
    **{(state, _S.EXTEND): _P.EXTENDED for state in _RUNNING},
    **{(state, _S.LINK): _P.LINKED for state in _RUNNING},
    **{(state, _S.EXPIRE): _P.EXPIRED for state in _RUNNING},
    **{(state, step): state for state in _RUNNING for step in (_S.ASK, _S.WARN)},
    **{(state, _S.RELEASE): _P.RELEASED for state in (*_RUNNING, _P.LINKED)},
    (_P.LINKED, _S.WARN): _P.LINKED,
}
KEPT: Final = frozenset({*_RUNNING, _P.LINKED})


def advance(state: PreservationState, step: PreservationStep) -> PreservationState:
    """Return the state after a step.

    Raises:
        WrongPreservationError: it does not follow.
    """
    after = STEPS.get((state, step))
    if after is None:
        raise WrongPreservationError(f"{step} does not follow on {state}", stage=str(state))
    return after
