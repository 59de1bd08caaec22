"""For the operators: have the log inspected, and learn what was found."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response, status

from services.audit import inspecting
from services.audit.inspecting import Found
from services.audit.routes.parts import Parts, parts
from services.audit.routes.shapes import InspectionAnswer
from shared.protocol.leaves import format_time
from shared.runtime.refusals import NotFound

router = APIRouter(prefix="/ops/inspections")

Own = Annotated[Parts, Depends(parts)]


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def begin(own: Own, response: Response) -> InspectionAnswer:
    """Make everything anew that derives from the entries, in the background."""
    response.headers["Location"] = "/v1/ops/inspections/newest"
    return answer(own.inspector.ask())


@router.get("/newest")
def newest(own: Own) -> InspectionAnswer:
    """How far the newest inspection is, or the first entry that it found not to fit."""
    found = inspecting.newest(own.log.database, own.log.clock)
    if found is None:
        raise NotFound(
            "no_inspection",
            "The log was never inspected.",
            next_step="POST /v1/ops/inspections begins an inspection.",
        )
    return answer(found)


def answer(found: Found) -> InspectionAnswer:
    """An inspection as it is told; times as in leaves."""
    return {
        "run_id": found.run_id,
        "state": found.state,
        "checked": found.checked,
        "size": found.size,
        "started_at": format_time(found.started_at),
        "ended_at": None if found.ended_at is None else format_time(found.ended_at),
        "age": found.age,
        "bad": found.bad,
        "detail": found.detail,
    }
