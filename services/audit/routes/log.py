"""Read the log as C2SP tlog-tiles has it: checkpoint, hash tiles, entry bundles; and proofs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import Field

from services.audit import proofs, standing
from services.audit.routes.parts import Parts, parts, record_access
from services.audit.routes.shapes import Consistency, Published
from services.audit.standing import Status
from shared.protocol.canonical import b64
from shared.protocol.tiles import parse_tile
from shared.runtime.guard import principal
from shared.runtime.principals import Principal

router = APIRouter()
Own = Annotated[Parts, Depends(parts)]
Overseer = Annotated[Principal, Depends(principal)]
Index = Annotated[int, Field(ge=0, lt=2**53)]

FRESH = {"Cache-Control": "max-age=1"}
IMMUTABLE = {"Cache-Control": "max-age=31536000, immutable"}
PRIVATE = {"Cache-Control": "private, max-age=31536000, immutable"}
OCTETS = "application/octet-stream"


@router.get("/checkpoint")
def checkpoint(own: Own, level: Literal["published", "signed"] = "published") -> Response:
    """The newest checkpoint that has its quorum, or the newest that is signed."""
    note = _LEVELS[level](own.log.database)
    return Response(note, headers=FRESH, media_type="text/plain; charset=utf-8")


_LEVELS = {"published": proofs.checkpoint, "signed": proofs.signed_checkpoint}


@router.get("/status")
def status(own: Own) -> Status:
    """Whether the log is in order, and for how long nobody has witnessed it."""
    log = own.log
    return standing.status(
        database=log.database, membership=own.membership, signals=own.signals, clock=log.clock
    )


@router.get("/proofs/published")
def published(
    own: Own,
    index: Annotated[list[Index], Query(min_length=1, max_length=proofs.MAX_ASKED)],
    under: Literal["first", "newest"] = "first",
    log: str | None = None,
) -> Published:
    """Log proofs with the cosignatures of our policy; entries that have none yet are left out.

    `lost` are entries behind the end of a log that died: they are to be recorded anew.
    """
    found = _UNDER[under](own.shelf.reading(log), index)
    return {
        "proofs": {str(each): proof for each, proof in found.items()},
        "lost": own.shelf.lost(log, index),
    }


_UNDER = {"first": proofs.published, "newest": proofs.published_last}


@router.get("/tile/entries/{path:path}")
def entry_bundle(path: str, own: Own, overseer: Overseer) -> Response:
    """The leaves themselves: oversight bodies only, and each time is recorded."""
    wanted = parse_tile(f"entries/{path}")
    content = proofs.tile(own.log.database, wanted)
    record_access(own, overseer, kind="bundle", count=wanted.width, query=path)
    return Response(content, headers=PRIVATE, media_type=OCTETS)


@router.get("/tile/{path:path}")
def hash_tile(path: str, own: Own) -> Response:
    """Hashes, which tell nothing of what they are over."""
    return _tile(own, path)


@router.get("/proofs/consistency")
def consistency(
    own: Own,
    old: Annotated[int, Query(alias="from", ge=0, lt=2**53)],
    new: Annotated[int, Query(alias="to", ge=0, lt=2**53)],
    log: str | None = None,
) -> Consistency:
    """That the log of `to` entries extends that of `from`."""
    hashes = proofs.consistency(own.shelf.reading(log), old=old, new=new)
    return {"from": old, "to": new, "hashes": [b64(each) for each in hashes]}


def _tile(own: Parts, path: str) -> Response:
    content = proofs.tile(own.log.database, parse_tile(path))
    return Response(content, headers=IMMUTABLE, media_type=OCTETS)
