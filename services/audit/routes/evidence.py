"""What our witness holds against other countries' logs, for whoever oversees ours."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.audit.routes.parts import Parts, parts, record_access
from services.audit.routes.shapes import Convictions
from shared.protocol.canonical import b64u
from shared.runtime.clock import milliseconds
from shared.runtime.guard import principal
from shared.runtime.principals import Principal

router = APIRouter(prefix="/oversight")


@router.get("/evidence")
def evidence(
    own: Annotated[Parts, Depends(parts)],
    overseer: Annotated[Principal, Depends(principal)],
    request: Request,
) -> Convictions:
    """Every file of evidence, the oldest first."""
    found = own.cosigner.evidence()
    record_access(own, overseer, kind="evidence", count=len(found), query=request.url.query)
    return {
        "evidence": [
            {
                "name": each.name,
                "origin": each.origin,
                "found_at": milliseconds(each.found_at),
                "file": b64u(each.evidence),
            }
            for each in found
        ]
    }
