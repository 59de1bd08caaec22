"""For the operators: have the log inspected, and learn what was found."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Response, status

from services.audit import inspecting
from services.audit.inspecting import Found
from services.audit.routes.parts import Parts, parts
from shared.protocol.leaves import format_time
from shared.runtime.principals import gateway_client
from shared.runtime.refusals import NotFound

router = APIRouter(prefix="/ops/inspections", dependencies=[Depends(gateway_client("ops:health"))])

Own = Annotated[Parts, Depends(parts)]


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def begin(own: Own, response: Response) -> dict[str, object]:
    """Make everything anew that derives from the entries, in the background."""
    response.headers["Location"] = "/v1/ops/inspections/newest"
    return answer(own.inspector.ask())


@router.get("/newest")
def newest(own: Own) -> dict[str, object]:
    """How far the newest inspection is, or the first entry that it found not to fit."""
    found = inspecting.newest(own.log.database, own.log.clock)
    if found is None:
        raise NotFound(
            "no_inspection",
            "The log was never inspected.",
            next_step="POST /v1/ops/inspections begins an inspection.",
        )
    return answer(found)


def answer(found: Found) -> dict[str, object]:
    """An inspection as it is told; times as in leaves."""
    return {
        **asdict(found),
        "started_at": format_time(found.started_at),
        "ended_at": found.ended_at and format_time(found.ended_at),
    }
