"""Time stamps of the log's checkpoints, for whoever oversees it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from services.audit import stamping
from services.audit.routes.parts import Parts, parts, record_access
from services.audit.routes.shapes import Stamps
from shared.runtime.guard import principal
from shared.runtime.principals import Principal

router = APIRouter(prefix="/oversight")


@router.get("/timestamps")
def timestamps(
    own: Annotated[Parts, Depends(parts)],
    overseer: Annotated[Principal, Depends(principal)],
    request: Request,
    start: Annotated[int, Field(ge=0, lt=2**53), Query(alias="from")] = 0,
    log: str | None = None,
) -> Stamps:
    """The records of stamps over checkpoints of this size and larger, `next` None at the end."""
    found = stamping.records(own.shelf.reading(log), start=start)
    record_access(
        own, overseer, kind="timestamps", count=len(found.records), query=request.url.query
    )
    return {
        "stamps": [{"size": size, "record": each.decode()} for size, each in found.records],
        "next": found.following,
    }
