"""Use case: erase what a case's leaves commit to, by destroying the key of its openings.

The openings go in the transaction that gives the erasure its own entry (`sequencing`), so the log says
exactly which leaves have none left: those of the case in front of it. No hash and no proof changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from services.audit import submission
from services.audit.catalogue import ERASED
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.eventtypes import Reason
from services.audit.signals import Signals
from services.audit.store import entries
from services.audit.submission import Recorded
from shared.protocol.identifiers import id_bytes, new_id, parse_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.refusals import Malformed, NotFound

_TIME = 6  # octets of a UUIDv7 that are its milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Whose openings are to be erased, on which ground, and by whom it is ordered.

    The same `erasure_id` again, with the same order, is the same erasure and gets the same answer.
    """

    case_id: str
    ground: str
    personal: Mapping[str, str]
    erasure_id: str | None = None


def erase(
    order: Order,
    *,
    database: Database,
    confidential: Confidential,
    clock: Clock,
    signals: Signals,
    elsewhere: int = 0,
) -> Recorded:
    """Erase the openings of a case; return once that is recorded and signed.

    `elsewhere` are openings of the case in closed logs: they are the caller's to erase, after this.

    Raises:
        Malformed: the ground is none of the catalogue's.
        NotFound: the log has no entry of the case.
        FormatError: an identifier is none.
        Conflict: the id is another erasure's.
        Unavailable: the log has stopped; the order is kept and carried out when it goes on.
    """
    if not Reason.GROUND.allows(order.ground):
        raise Malformed(
            "unknown_ground",
            "This is no ground on which openings are erased.",
            rule="events.md, 4",
            next_step=f"Name one of: {Reason.GROUND.value.replace('|', ', ')}.",
        )
    with database.read() as db:
        ref = confidential.case_ref(parse_id(order.case_id))
        known = entries.next_case_places(db, [ref])[ref].seq
    if not known and not elsewhere:
        raise NotFound("no_case", "The log has no entry of this case.")
    (recorded,) = submission.submit(
        [_event(order, clock)],
        database=database,
        confidential=confidential,
        clock=clock,
        signals=signals,
    )
    return recorded


def _event(order: Order, clock: Clock) -> Event:
    """The event of an order; all of it comes from the order, so that a repetition is the same."""
    erasure_id = parse_id(order.erasure_id or new_id(clock()))
    drawn = int.from_bytes(id_bytes(erasure_id)[:_TIME])
    return Event(
        event_id=erasure_id,
        type=ERASED,
        event_time=milliseconds(datetime.fromtimestamp(drawn / 1000, UTC)),
        case_id=order.case_id,
        reason=order.ground,
        personal=dict(order.personal),
    )
