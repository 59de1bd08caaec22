"""What a peer sends and asks for, as the gateway passes it on. The country is the gateway's word."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.exchange import intake, offering
from services.exchange.offering import HeldHead
from services.exchange.routes.parts import MAX_COUNT, Node, Number
from shared.protocol.canonical import b64u
from shared.protocol.digests import content_digest
from shared.protocol.entries import MAX_ENTRY
from shared.protocol.identifiers import Country, parse_country
from shared.runtime.guard import principal
from shared.runtime.principals import Principal

router = APIRouter(prefix="/peer/v1")
OCTETS = "application/octet-stream"
ACCEPTED, SAME = 202, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAnswer:
    """The entry is here, durable; the receipt follows as an entry of ours."""

    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsAnswer:
    """The last entry of both directions, as we keep them."""

    heads: tuple[HeldHead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAnswer:
    """An entry of the caller's own, as we keep it."""

    entry: str
    leaf: str  # base64url
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesAnswer:
    """Entries of the caller's own, in order."""

    entries: tuple[EntryAnswer, ...]


def _peer(caller: Annotated[Principal, Depends(principal)]) -> Country:
    return parse_country(caller.country or "")


Peer = Annotated[Country, Depends(_peer)]


@router.post("/entries", status_code=ACCEPTED, max_body_size=2 * MAX_ENTRY)
async def take(request: Request, response: Response, peer: Peer, node: Node) -> TakenAnswer:
    """Take an entry with its leaf and proof: 202 when it is new and durable, 200 when it was here."""
    envelope = await request.body()
    taken = await run_in_threadpool(
        intake.receive,
        envelope,
        sender=peer,
        bench=node.bench,
        refusals=node.refusals,
    )
    response.status_code = SAME if taken.again else ACCEPTED
    return TakenAnswer(hash=taken.hash)


@router.get("/heads")
def heads(peer: Peer, node: Node) -> HeadsAnswer:
    """Say how far both directions go here."""
    held = offering.held_heads(peer=peer, country=node.keyring.country, database=node.database)
    return HeadsAnswer(heads=tuple(held))


@router.get("/entries")
def entries(
    peer: Peer,
    node: Node,
    epoch: Annotated[int, Query(ge=0, lt=MAX_COUNT)] = 0,
    seq: Annotated[int, Query(ge=0, lt=MAX_COUNT, alias="from")] = 0,
) -> EntriesAnswer:
    """Give a peer its own entries back, from a place on."""
    held = offering.held_entries(
        peer=peer, country=node.keyring.country, epoch=epoch, seq=seq, database=node.database
    )
    return EntriesAnswer(
        entries=tuple(
            EntryAnswer(
                entry=entry.jws.decode(), leaf=b64u(entry.leaf or b""), proof=entry.proof or ""
            )
            for entry in held
        )
    )


@router.get("/packages/{package_id}/index")
def index(package_id: str, peer: Peer, node: Node) -> Response:
    """Give the segment index of a package that is offered to the caller."""
    octets = offering.index(package_id, peer=peer, database=node.database, vault=node.vault)
    return Response(octets, media_type=OCTETS)


@router.get("/packages/{package_id}/segments/{item_id}/{n}")
def segment(package_id: str, item_id: str, n: Number, peer: Peer, node: Node) -> Response:
    """Give a sealed segment of a package that is offered to the caller."""
    stream = offering.sealed_segment(
        package_id, item_id, n, peer=peer, database=node.database, vault=node.vault
    )
    headers = {
        "Content-Length": str(stream.size),
        "Content-Digest": content_digest(stream.sha256),
    }
    return StreamingResponse(stream.blocks, headers=headers, media_type=OCTETS)
