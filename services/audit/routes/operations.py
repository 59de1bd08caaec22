"""For the operators: is what is stored still what was logged?"""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends

from services.audit import inspecting
from services.audit.routes import inspections
from services.audit.routes.parts import Parts, parts
from services.audit.stages import overview
from shared.runtime.principals import gateway_client

router = APIRouter(prefix="/ops")


@router.get("/stages", dependencies=[Depends(gateway_client("ops:health"))])
def stages(own: Annotated[Parts, Depends(parts)]) -> dict[str, object]:
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
        **asdict(found),
        "inspection": inspected and inspections.answer(inspected),
        "cosigned": [asdict(each) for each in own.cosigner.standings()],
        "stamps": [asdict(each) for each in own.stamper.lights()],
    }
