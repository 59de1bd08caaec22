"""Append: other services of the node bring events and take leaf, index and proof."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.audit import events, recording
from services.audit.events import MAX_EVENTS, Event
from services.audit.routes.parts import Parts, parts
from services.audit.routes.shapes import Taken
from shared.protocol.canonical import b64u
from shared.runtime.guard import principal
from shared.runtime.principals import Principal
from shared.runtime.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)

MAX_BODY = 4 * 2**20  # bytes; 256 events, each with the peer's leaf and proof


class Submission(BaseModel):
    """Events to record."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    events: list[Event] = Field(min_length=1, max_length=MAX_EVENTS)


@router.post("/entries", max_body_size=MAX_BODY)
def append(
    body: Submission,
    own: Annotated[Parts, Depends(parts)],
    caller: Annotated[Principal, Depends(principal)],
) -> Taken:
    """Answer once every event is sequenced and signed."""
    for event in body.events:
        events.check_writer(event, caller.service)
    log = own.log
    before = own.shelf.recorded(body.events, log.confidential)
    known = {each.event_id for each in before}
    taken = recording.record(
        [each for each in body.events if each.event_id not in known],
        database=log.database,
        membership=own.membership,
        confidential=log.confidential,
        signals=own.signals,
        clock=log.clock,
    )
    return {
        "results": [
            {
                "event_id": each.event_id,
                "index": each.index,
                "leaf": b64u(each.leaf),
                "proof": each.proof,
            }
            for each in [*before, *taken.recorded]
        ],
        "refused": [{"event_id": each, "code": recording.WITHHELD} for each in taken.withheld],
    }
