"""Why the log stops taking entries. Each needs a person, but for a clock that comes right again.

A lost lead stops this process alone: it stands by until it has the lead again.

Alarm
├── ClockBehind      the clock stands before the last entry
├── LeadLost         another sequencer has taken the lead, or the head was moved under us
├── LogClosed        its last entry says that nothing follows; it is still witnessed and served
├── KeysChanged      a key was taken away before everybody could know its successor
├── OtherHistory     a witness has seen another history of this log
├── SignerRefusal    the head does not extend the last signed one: a rollback or a fork
└── CorruptLog       the stored log does not recompute; `index` is the first bad entry
"""

from datetime import timedelta


class Alarm(Exception):  # noqa: N818 - the field's word
    """The log takes no entries."""

    code = "halted"


class ClockBehind(Alarm):
    """The clock stands before the last entry: `behind` says by how much."""

    code = "clock_behind"

    def __init__(self, behind: timedelta) -> None:
        super().__init__(f"the clock is {behind.total_seconds():.3f} s behind the last entry")
        self.behind = behind


class LeadLost(Alarm):
    """The head is no longer where this sequencer left it."""

    code = "lead_lost"


class SignerRefusal(Alarm):
    """The signer does not sign this head, since it contradicts one that it signed before."""

    code = "signer_refusal"


class LogClosed(Alarm):
    """The log has ended as it should; the operators begin the next one."""

    code = "log_closed"

    def __init__(self, size: int) -> None:
        super().__init__(f"the log was closed at {size} entries; the next one is not open yet")
        self.size = size


class KeysChanged(Alarm):
    """The keys that are to sign have not signed beside the ones before for long enough."""

    code = "keys_changed"


class OtherHistory(Alarm):
    """A witness has seen more of our log than there is, or another log: a rollback or a fork."""

    code = "other_history"

    def __init__(self, witness: str, claim: str) -> None:
        super().__init__(f"the witness {witness} has seen another history of this log: {claim}")


class CorruptLog(Alarm):
    """What is stored does not recompute."""

    code = "corrupt_log"

    def __init__(self, index: int, detail: str) -> None:
        super().__init__(f"entry {index}: {detail}")
        self.index, self.detail = index, detail
