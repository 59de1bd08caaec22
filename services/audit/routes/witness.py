"""Our witness of other countries' logs (C2SP tlog-witness); public, what is answered is signed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.audit.routes.parts import Parts, parts
from shared.protocol.witnessing import MAX_SUBMISSION, PLAIN

router = APIRouter(prefix="/witness")

Own = Annotated[Parts, Depends(parts)]


async def submitted(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


@router.post("/add-checkpoint", max_body_size=MAX_SUBMISSION)
def add_checkpoint(body: Annotated[bytes, Depends(submitted)], own: Own) -> Response:
    """Cosign a checkpoint that extends the last one, or say what is held against it."""
    reply = own.cosigner.add_checkpoint(body)
    # Given as a header: the framework would add a charset, which the specification does not have.
    return Response(reply.body, reply.status, {"content-type": reply.content_type})


@router.get("/{digest}/checkpoint")
def newest(digest: str, own: Own) -> Response:
    """The newest checkpoint of a log that was cosigned."""
    return Response(own.cosigner.newest(f"{digest}/checkpoint"), media_type=PLAIN)
