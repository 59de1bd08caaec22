"""Read the log as C2SP tlog-tiles has it: checkpoint, hash tiles, entry bundles; and consistency proofs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from services.audit import proofs
from services.audit.routes.parts import Parts, parts
from shared.protocol.canonical import b64
from shared.protocol.tiles import parse_tile
from shared.runtime.principals import gateway_client, requires

router = APIRouter()
services = Depends(requires("gateway", "exchange"))
Own = Annotated[Parts, Depends(parts)]

FRESH = {"Cache-Control": "max-age=1"}
IMMUTABLE = {"Cache-Control": "max-age=31536000, immutable"}
OCTETS = "application/octet-stream"


@router.get("/checkpoint", dependencies=[services])
def checkpoint(own: Own) -> Response:
    """The newest signed checkpoint."""
    note = proofs.checkpoint(own.log.database)
    return Response(note, headers=FRESH, media_type="text/plain; charset=utf-8")


@router.get("/tile/entries/{path:path}", dependencies=[Depends(gateway_client("audit:read"))])
def entry_bundle(path: str, own: Own) -> Response:
    """The leaves themselves: oversight bodies only."""
    return _tile(own, f"entries/{path}")


@router.get("/tile/{path:path}", dependencies=[services])
def hash_tile(path: str, own: Own) -> Response:
    """Hashes, which tell nothing of what they are over."""
    return _tile(own, path)


@router.get("/proofs/consistency", dependencies=[services])
def consistency(
    own: Own,
    old: Annotated[int, Query(alias="from", ge=0)],
    new: Annotated[int, Query(alias="to", ge=0)],
) -> dict[str, object]:
    """That the log of `to` entries extends that of `from`."""
    hashes = proofs.consistency(own.log.database, old=old, new=new)
    return {"from": old, "to": new, "hashes": [b64(each) for each in hashes]}


def _tile(own: Parts, path: str) -> Response:
    content = proofs.tile(own.log.database, parse_tile(path))
    return Response(content, headers=IMMUTABLE, media_type=OCTETS)
