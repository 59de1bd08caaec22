"""Read a closed log as C2SP tlog-tiles has it, by the SHA-256 of its origin."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response

from services.audit import proofs
from services.audit.routes.log import IMMUTABLE, OCTETS, PRIVATE, Overseer
from services.audit.routes.parts import Parts, parts, record_access
from shared.protocol.tiles import parse_tile

router = APIRouter(prefix="/logs/{digest}")
Own = Annotated[Parts, Depends(parts)]
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.get("/checkpoint")
def checkpoint(digest: Digest, own: Own) -> Response:
    """The last checkpoint, which nothing follows."""
    note = own.shelf.find(digest).ended.note
    return Response(note, headers=IMMUTABLE, media_type="text/plain; charset=utf-8")


@router.get("/tile/entries/{path:path}")
def entry_bundle(digest: Digest, path: str, own: Own, overseer: Overseer) -> Response:
    """The leaves themselves: oversight bodies only, and each time is recorded in the log that is open."""
    wanted = parse_tile(f"entries/{path}")
    content = proofs.tile(own.shelf.find(digest).database, wanted)
    record_access(own, overseer, kind="bundle", count=wanted.width, query=f"{digest}/{path}")
    return Response(content, headers=PRIVATE, media_type=OCTETS)


@router.get("/tile/{path:path}")
def hash_tile(digest: Digest, path: str, own: Own) -> Response:
    """Hashes, which tell nothing of what they are over."""
    return _tile(own, digest, path)


def _tile(own: Parts, digest: str, path: str) -> Response:
    content = proofs.tile(own.shelf.find(digest).database, parse_tile(path))
    return Response(content, headers=IMMUTABLE, media_type=OCTETS)
