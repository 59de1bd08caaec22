"""The way out, for the node's own services: each address here, and no other, leaves the country."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.addresses import ENTRY_BODY
from services.gateway.delivery import Delivery
from services.gateway.directory import Directory
from services.gateway.routes.calls import write_answer
from services.gateway.timekeeping import REPLY, Timekeepers
from services.gateway.upstream import read_answer
from services.gateway.witnesses import Witnesses

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
    content = await to_thread.run_sync(known.ask, name, await request.body())
    return Response(content, media_type=REPLY)


@router.post("/witness/{name}/add-checkpoint")
async def add_checkpoint(name: Name, request: Request) -> Response:
    """Bring a checkpoint of our log to a witness of its policy."""
    body = await request.body()
    return await to_thread.run_sync(_ask_witness, request, name, "POST", "add-checkpoint", body)


@router.get("/witness/{name}/{origin}/checkpoint")
def witnessed(name: Name, origin: Digest, request: Request) -> Response:
    """Ask a witness for the newest note of ours that it has."""
    return _ask_witness(request, name, "GET", f"{origin}/checkpoint", b"")


@router.post("/{country}/entries")
async def deliver(country: Country, request: Request) -> Response:
    """Bring an entry to a peer."""
    body = await request.body()
    return await to_thread.run_sync(_post, request, country, body)


@router.get("/{country}/heads")
def heads(country: Country, request: Request) -> Response:
    """Ask how far the peer's and our chain go."""
    return _get(request, country, "/peer/v1/heads")


@router.get("/{country}/entries")
def entries(
    country: Country,
    request: Request,
    epoch: Annotated[int, Query(ge=0)] = 0,
    seq: Annotated[int, Query(ge=0, alias="from")] = 0,
) -> Response:
    """Ask for entries that we lack."""
    return _get(request, country, f"/peer/v1/entries?epoch={epoch}&from={seq}")


@router.get("/{country}/packages/{package}/index")
def index(country: Country, package: Id, request: Request) -> Response:
    """Fetch a segment index."""
    return _get(request, country, f"/peer/v1/packages/{package}/index")


@router.get("/{country}/packages/{package}/segments/{item}/{number}")
def segment(country: Country, package: Id, item: Id, number: Number, request: Request) -> Response:
    """Fetch a sealed segment."""
    return _get(request, country, f"/peer/v1/packages/{package}/segments/{item}/{number}")


@router.get("/{country}/log/checkpoint")
def checkpoint(country: Country, request: Request) -> Response:
    """Read the peer's newest checkpoint."""
    return write_answer(read_answer(_delivery(request).read_open(country, "/log/checkpoint")))


@router.get("/{country}/log/tile/{tile:path}")
def tile(country: Country, tile: Tile, request: Request) -> Response:
    """Read a tile of the peer's log."""
    return write_answer(read_answer(_delivery(request).read_open(country, f"/log/tile/{tile}")))


def _ask_witness(request: Request, name: str, method: str, path: str, body: bytes) -> Response:
    witnesses: Witnesses = request.app.state.witnesses
    reply = witnesses.ask(name, method, path, body)
    return Response(reply.body, reply.status, {"content-type": reply.media_type})


def _delivery(request: Request) -> Delivery:
    delivery: Delivery = request.app.state.delivery
    return delivery


def _get(request: Request, country: str, path: str) -> Response:
    return write_answer(
        read_answer(_delivery(request).call(country, "GET", path, headers={}, body=b""))
    )


def _post(request: Request, country: str, body: bytes) -> Response:
    answer = _delivery(request).call(
        country,
        "POST",
        "/peer/v1/entries",
        headers={"content-type": "application/json"},
        body=body,
    )
    return write_answer(read_answer(answer))
