"""For the operators: is what is stored still what was logged?"""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.audit import inspecting
from services.audit.routes import inspections
from services.audit.routes.parts import Parts, parts
from services.audit.routes.shapes import Stages
from services.audit.stages import overview

router = APIRouter(prefix="/ops")


@router.get("/stages")
def stages(own: Annotated[Parts, Depends(parts)]) -> Stages:
    """Where the log stands: its stages, its inbox, its witnesses."""
    found = overview(
        database=own.log.database,
        membership=own.membership,
        reports=own.witnessing.reports(),
        clock=own.log.clock,
    )
    inspected = inspecting.newest(own.log.database, own.log.clock)
    alarm = own.signals.alarm
    return {
        "leading": own.leading(),
        "alarm": None if alarm is None else {"code": alarm.code, "detail": str(alarm)},
        "stages": found.stages,
        "inbox": found.inbox,
        "epoch": found.epoch,
        "unwitnessed_for": found.unwitnessed_for,
        "limit": found.limit,
        "quorum": found.quorum,
        "witnesses": found.witnesses,
        "inspection": None if inspected is None else inspections.answer(inspected),
        "cosigned": own.cosigner.standings(),
        "stamps": own.stamper.lights(),
    }
