"""The way out, for the node's own services: each address here, and no other, leaves the country."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response
from urllib3 import BaseHTTPResponse

from services.gateway.addresses import ENTRY_BODY
from services.gateway.delivery import Delivery
from services.gateway.directory import Directory
from services.gateway.lanes import Lanes
from services.gateway.routes.calls import write_answer
from services.gateway.timekeeping import REPLY, Timekeepers
from services.gateway.upstream import Answer, BrokenStreamError, read_answer
from services.gateway.witnesses import Witnesses
from shared.runtime import logs
from shared.runtime.refusals import PeerUnanswered

router = APIRouter(prefix="/egress", max_body_size=ENTRY_BODY)

Country = Annotated[str, Path(pattern="^[A-Z]{2}$")]
Id = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,64}$")]
Number = Annotated[str, Path(pattern="^[0-9]{1,10}$")]
Tile = Annotated[str, Path(pattern=r"^[0-9]{1,2}(/x[0-9]{3}){0,6}/[0-9]{3}(\.p/[0-9]{1,3})?$")]
Name = Annotated[str, Path(pattern="^[^/+]{1,128}$")]
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.get("/directory")
def directory(request: Request) -> Response:
    """Give the trust bundle."""
    known: Directory = request.app.state.directory
    return Response(known.bundle(), media_type="application/json")


@router.post("/time/{name}")
async def stamp(name: Name, request: Request) -> Response:
    """Bring a time-stamp request to an authority."""
    known: Timekeepers = request.app.state.timekeepers
    body = await request.body()
    content = await _lanes(request).call(f"time {name}", lambda: known.ask(name, body))
    return Response(content, media_type=REPLY)


@router.post("/witness/{name}/add-checkpoint")
async def add_checkpoint(name: Name, request: Request) -> Response:
    """Bring a checkpoint of our log to a witness of its policy."""
    return await _ask_witness(request, name, "POST", "add-checkpoint", await request.body())


@router.get("/witness/{name}/{origin}/checkpoint")
async def witnessed(name: Name, origin: Digest, request: Request) -> Response:
    """Ask a witness for the newest note of ours that it has."""
    return await _ask_witness(request, name, "GET", f"{origin}/checkpoint", b"")


@router.post("/{country}/entries")
async def deliver(country: Country, request: Request) -> Response:
    """Bring an entry to a peer."""
    delivery, body = _delivery(request), await request.body()
    headers = {"content-type": "application/json"}
    return await _pass_on(
        request,
        country,
        lambda: delivery.call(country, "POST", "/peer/v1/entries", headers=headers, body=body),
    )


@router.get("/{country}/heads")
async def heads(country: Country, request: Request) -> Response:
    """Ask how far the peer's and our chain go."""
    return await _get(request, country, "/peer/v1/heads")


@router.get("/{country}/entries")
async def entries(
    country: Country,
    request: Request,
    epoch: Annotated[int, Query(ge=0)] = 0,
    seq: Annotated[int, Query(ge=0, alias="from")] = 0,
) -> Response:
    """Ask for entries that we lack."""
    return await _get(request, country, f"/peer/v1/entries?epoch={epoch}&from={seq}")


@router.get("/{country}/packages/{package}/index")
async def index(country: Country, package: Id, request: Request) -> Response:
    """Fetch a segment index."""
    return await _get(request, country, f"/peer/v1/packages/{package}/index")


@router.get("/{country}/packages/{package}/segments/{item}/{number}")
async def segment(
    country: Country, package: Id, item: Id, number: Number, request: Request
) -> Response:
    """Fetch a sealed segment."""
    return await _get(request, country, f"/peer/v1/packages/{package}/segments/{item}/{number}")


@router.get("/{country}/log/checkpoint")
async def checkpoint(country: Country, request: Request) -> Response:
    """Read the peer's newest checkpoint."""
    return await _read_open(request, country, "/log/checkpoint")


@router.get("/{country}/log/tile/{tile:path}")
async def tile(country: Country, tile: Tile, request: Request) -> Response:
    """Read a tile of the peer's log."""
    return await _read_open(request, country, f"/log/tile/{tile}")


async def _ask_witness(
    request: Request, name: str, method: str, path: str, body: bytes
) -> Response:
    witnesses: Witnesses = request.app.state.witnesses
    reply = await _lanes(request).call(
        f"witness {name}", lambda: witnesses.ask(name, method, path, body)
    )
    return Response(reply.body, reply.status, {"content-type": reply.media_type})


def _delivery(request: Request) -> Delivery:
    delivery: Delivery = request.app.state.delivery
    return delivery


def _lanes(request: Request) -> Lanes:
    lanes: Lanes = request.app.state.lanes
    return lanes


async def _get(request: Request, country: str, path: str) -> Response:
    delivery = _delivery(request)
    return await _pass_on(
        request, country, lambda: delivery.call(country, "GET", path, headers={}, body=b"")
    )


async def _read_open(request: Request, country: str, path: str) -> Response:
    delivery = _delivery(request)
    return await _pass_on(request, country, lambda: delivery.read_open(country, path))


async def _pass_on(request: Request, country: str, act: Callable[[], BaseHTTPResponse]) -> Response:
    """Call a peer, and give its answer, block after block, by the lanes to it."""
    lanes = _lanes(request)
    answer = await lanes.call(country, lambda: _taken(country, act()))
    return write_answer(answer, lambda read: lanes.call(country, read))


def _taken(country: str, answer: BaseHTTPResponse) -> Answer:
    try:
        return read_answer(answer)
    except BrokenStreamError as error:
        answer.close()
        logs.log().warning("peer_broke_off", peer=country, error=str(error))
        raise PeerUnanswered(
            "peer_unreachable",
            f"The answer of the gateway of {country} broke off.",
            next_step="Nothing was lost; it is tried again until the deadline.",
        ) from error
