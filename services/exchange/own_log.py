"""How the country's own log stands, as it was last heard: gates ask it, and so does readiness.

It is told early here, that people need not wait for what cannot come; the log itself refuses what it may
not take, and without its proof nothing leaves. So an old word, or none, opens nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the log says of itself.

    Attributes:
        alarm: why it takes no entries at all, if it does not.
        unwitnessed_for: seconds since the oldest of its checkpoints was signed that no quorum has
            cosigned; 0 if there is none.
        limit: seconds of the same after which it takes no new transfers.
        blocked: whether it takes none now.
    """

    alarm: str | None
    unwitnessed_for: int
    limit: int
    blocked: bool


@dataclass(slots=True)
class OwnLog:
    """The last standing; safe to share between threads, since it is replaced as a whole."""

    standing: Standing | None = None  # None: nothing was heard yet

    @property
    def state(self) -> str:
        """Say in a few words for operators whether transfers can be logged."""
        now = self.standing
        if now is not None and now.alarm is not None:
            return f"the log has stopped: {now.alarm}"
        if now is not None and now.blocked:
            return f"unwitnessed for {now.unwitnessed_for} s, more than {now.limit} s: no transfers"
        return "ok"
