"""A person's remedy, as a court's role records it: a table of its stages (process 2.4).

    LODGED → ADMITTED | INADMISSIBLE
    ADMITTED → SUSPENSIVE ⇄ NOT_SUSPENSIVE → DISMISSED | UPHELD_PART | UPHELD

Where the profile says that it suspends by law, it is SUSPENSIVE from the start. At any stage before its end
it may be withdrawn.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.protocol.errors import ProtocolError
from shared.protocol.law.shapes import Suspends


class Stage(StrEnum):
    """Where a challenge stands; the words of `ChallengeBody.state`."""

    LODGED = "lodged"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    SUSPENSIVE = "suspensive"
    NOT_SUSPENSIVE = "not_suspensive"
    DISMISSED = "dismissed"
    UPHELD_PART = "upheld_part"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"


class WrongStageError(ProtocolError):
    """A challenge cannot go from one stage to another; says to which it can."""

    code = "wrong_stage"


_DECIDED: Final = (Stage.DISMISSED, Stage.UPHELD_PART, Stage.UPHELD)
STEPS: Final[Mapping[Stage, tuple[Stage, ...]]] = {
    Stage.LODGED: (Stage.ADMITTED, Stage.INADMISSIBLE, Stage.WITHDRAWN),
    Stage.ADMITTED: (Stage.SUSPENSIVE, Stage.NOT_SUSPENSIVE, *_DECIDED, Stage.WITHDRAWN),
    Stage.SUSPENSIVE: (Stage.INADMISSIBLE, Stage.NOT_SUSPENSIVE, *_DECIDED, Stage.WITHDRAWN),
    Stage.NOT_SUSPENSIVE: (Stage.SUSPENSIVE, *_DECIDED, Stage.WITHDRAWN),
}
# What it concerns stays: while it is open and suspensive, and for good where it was upheld.
HOLDING: Final = frozenset({Stage.SUSPENSIVE, Stage.UPHELD, Stage.UPHELD_PART})
FREEING: Final = frozenset(
    {Stage.INADMISSIBLE, Stage.NOT_SUSPENSIVE, Stage.DISMISSED, Stage.WITHDRAWN}
)


def first(suspends: Suspends) -> Stage:
    """Return the stage in which a challenge begins under a rule of a profile."""
    return Stage.SUSPENSIVE if suspends == "BY_LAW" else Stage.LODGED


def step(stage: Stage, to: Stage, suspends: Suspends) -> Stage:
    """Go from one stage to another.

    Raises:
        WrongStageError: that does not follow, or under this rule a challenge suspends nothing at all.
    """
    able = [each for each in STEPS.get(stage, ()) if _may(each, suspends)]
    if to not in able:
        told = ", ".join(able) if able else "nothing; it is decided"
        raise WrongStageError(
            f"a challenge that is {stage} cannot become {to}; possible: {told}", stage=str(stage)
        )
    return to


def _may(stage: Stage, suspends: Suspends) -> bool:
    """A challenge suspends where the rule lets it: by law, or by order."""
    return stage is not Stage.SUSPENSIVE or suspends != "NO"
