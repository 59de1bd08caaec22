"""Use case: record what other services bring; no new transfer while nobody has witnessed the log."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.audit import standing, submission
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.membership import Membership
from services.audit.signals import Signals
from services.audit.submission import Recorded
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Unavailable

WITHHELD = "log_unwitnessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was recorded, and the events that were not taken: new transfers, for the time being."""

    recorded: Sequence[Recorded]
    withheld: Sequence[str]


def record(
    events: Sequence[Event],
    *,
    database: Database,
    membership: Membership,
    confidential: Confidential,
    signals: Signals,
    clock: Clock,
) -> Taken:
    """Take events and wait until each has its place; an intent that is known is answered as ever.

    Raises:
        ProtocolError, Conflict, Unavailable: as `submission.submit`.
        Unavailable: all of them begin a transfer, and the log is unwitnessed (`log_unwitnessed`).
    """
    withheld = standing.withheld(events, database=database, membership=membership, clock=clock)
    taken = [each for each in events if each.event_id not in withheld]
    if withheld and not taken:
        raise Unavailable(
            WITHHELD,
            "Our log has gone without its witnesses for too long: no new transfer is taken.",
            rule="policy of the log",
            next_step="The operators see at /v1/ops/log which witness is missing. Send it again.",
        )
    if not taken:
        return Taken(recorded=[], withheld=[])
    recorded = submission.submit(
        taken, database=database, confidential=confidential, clock=clock, signals=signals
    )
    return Taken(recorded=recorded, withheld=sorted(withheld))
