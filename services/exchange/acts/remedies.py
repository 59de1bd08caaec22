"""What a stage of a challenge does to the measures it is about, and how the log calls it."""

from shared.protocol.law.lifecycle import Act
from shared.protocol.law.remedies import FREEING, Stage


def challenge_acts(stage: Stage) -> Act | None:
    """Return what happens to measures that a challenge concerns as a whole."""
    if stage is Stage.SUSPENSIVE:
        return Act.SUSPEND
    if stage is Stage.UPHELD:
        return Act.UPHOLD
    return Act.LIFT if stage in FREEING or stage is Stage.UPHELD_PART else None


def challenge_event(stage: Stage) -> tuple[str, str | None]:
    """Return the event of a stage, and its reason."""
    if stage is Stage.LODGED:
        return "challenge.lodged", None
    if stage is Stage.SUSPENSIVE:
        return "challenge.suspended", None
    if stage in {Stage.ADMITTED, Stage.NOT_SUSPENSIVE}:
        return "challenge.admitted", stage.value
    return "challenge.decided", stage.value
