"""An emergency, from the flag to the formal request: a table (process 2.4; EER 4(5), 2AP 9-10).

FLAGGED → CONFIRMED | UNCONFIRMED (called back at the directory's number) → ACTED → FORMALISED | REVOKED
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.protocol.errors import ProtocolError


class EmergencyState(StrEnum):
    """Where an emergency stands."""

    FLAGGED = "FLAGGED"
    CONFIRMED = "CALLBACK_CONFIRMED"
    UNCONFIRMED = "CALLBACK_FAILED"
    ACTED = "ACTED"
    FORMALISED = "FORMALISED"
    REVOKED = "REVOKED"


class EmergencyStep(StrEnum):
    """What happens to it."""

    CONFIRM = "confirm"
    MISS = "miss"  # nobody there confirmed it
    ACT = "act"  # the first evidence left
    FORMALISE = "formalise"  # a judge or prosecutor validated it, or the formal request came
    REVOKE = "revoke"


class WrongEmergencyError(ProtocolError):
    """A step does not follow; says where the emergency stands."""

    code = "wrong_emergency_step"


_E, _S = EmergencyState, EmergencyStep
STEPS: Final[Mapping[tuple[EmergencyState, EmergencyStep], EmergencyState]] = {
    (_E.FLAGGED, _S.CONFIRM): _E.CONFIRMED,
    (_E.FLAGGED, _S.MISS): _E.UNCONFIRMED,
    (_E.UNCONFIRMED, _S.CONFIRM): _E.CONFIRMED,
    (_E.UNCONFIRMED, _S.MISS): _E.UNCONFIRMED,
    (_E.CONFIRMED, _S.ACT): _E.ACTED,
    (_E.FLAGGED, _S.FORMALISE): _E.FORMALISED,
    (_E.CONFIRMED, _S.FORMALISE): _E.FORMALISED,
    (_E.ACTED, _S.FORMALISE): _E.FORMALISED,
    (_E.ACTED, _S.ACT): _E.ACTED,
    (_E.FORMALISED, _S.CONFIRM): _E.FORMALISED,
    (_E.FORMALISED, _S.ACT): _E.FORMALISED,
    **{(state, _S.REVOKE): _E.REVOKED for state in _E if state is not _E.FORMALISED},
}


def advance(state: EmergencyState, step: EmergencyStep) -> EmergencyState:
    """Return the state after a step.

    Raises:
        WrongEmergencyError: it does not follow.
    """
    after = STEPS.get((state, step))
    if after is None:
        raise WrongEmergencyError(f"to {step} does not follow on {state}", stage=str(state))
    return after
