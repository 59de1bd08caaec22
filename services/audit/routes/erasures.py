"""Erase the openings of a case, through the gateway and on the word of whoever protects personal data."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.audit import erasure
from services.audit.routes.parts import Parts, parts
from services.audit.routes.shapes import Erased
from shared.protocol.canonical import b64u
from shared.protocol.identifiers import parse_id
from shared.protocol.leaves import parse
from shared.runtime.guard import principal
from shared.runtime.principals import Principal
from shared.runtime.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)


class Asked(BaseModel):
    """What is to be erased; who repeats a call sends the same `erasure_id`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    case_id: str
    ground: str
    erasure_id: str | None = None


@router.post("/erasures")
def erase(
    body: Asked,
    own: Annotated[Parts, Depends(parts)],
    caller: Annotated[Principal, Depends(principal)],
) -> Erased:
    """Answer once the openings are destroyed and the entry that says so is signed."""
    case_ref = own.confidential.case_ref(parse_id(body.case_id))
    recorded = erasure.erase(
        erasure.Order(**body.model_dump(), personal=caller.personal),
        database=own.log.database,
        confidential=own.confidential,
        clock=own.log.clock,
        signals=own.signals,
        elsewhere=own.shelf.openings(case_ref),
    )
    closed = own.shelf.erase(case_ref)
    return {
        "erasure_id": recorded.event_id,
        "index": recorded.index,
        "count": parse(recorded.leaf).count,
        "closed": closed,  # openings of the logs before this one
        "leaf": b64u(recorded.leaf),
        "proof": recorded.proof,
    }
