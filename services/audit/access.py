"""Use case: record that an overseer has looked, with the purpose that was stated."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.audit import submission
from services.audit.catalogue import AUDIT_QUERIED
from services.audit.confidential import Confidential
from services.audit.events import Event
from shared.protocol.identifiers import new_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.refusals import Malformed

PURPOSE_LENGTH = 500  # characters
QUERY_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who looked, why, and for what: all of it personal, and kept as commitments."""

    personal: Mapping[str, str]
    purpose: str | None
    query: str


def record(
    access: Access,
    *,
    kind: str,
    count: int,
    database: Database,
    confidential: Confidential,
    clock: Clock,
) -> None:
    """Take the event of an access durably, before the answer goes out.

    Raises:
        Malformed: no purpose was stated.
    """
    purpose = (access.purpose or "").strip()
    if not 0 < len(purpose) <= PURPOSE_LENGTH:
        raise Malformed(
            "purpose_missing",
            "Whoever reads the record says why.",
            next_step=f"Send the header X-Purpose with 1 to {PURPOSE_LENGTH} characters.",
        )
    now = clock()
    event = Event(
        event_id=new_id(now),
        type=AUDIT_QUERIED,
        event_time=milliseconds(now),
        outcome=kind,
        count=count,
        personal={**access.personal, "purpose": purpose, "query": access.query[:QUERY_LENGTH]},
    )
    submission.take([event], database=database, confidential=confidential, clock=clock)
