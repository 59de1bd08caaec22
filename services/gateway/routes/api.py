"""The API: admit the call, pass it on, pass the answer back."""

from collections.abc import Callable, Mapping

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from services.gateway.addresses import SEGMENT_BODY
from services.gateway.denials import Denials
from services.gateway.directory import Directory
from services.gateway.entrance import Admitted, Entrance
from services.gateway.routes.calls import blocks, read_call, write_answer
from services.gateway.turns import Turns
from services.gateway.upstream import Upstream
from shared.runtime import logs
from shared.runtime.refusals import TooLarge, TooMany

router = APIRouter(max_body_size=SEGMENT_BODY)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


async def forward(request: Request) -> Response:
    """Serve any address of the table in `admission`."""
    entrance: Entrance = request.app.state.entrance
    turns: Turns = request.app.state.turns
    call = read_call(request)
    admitted = await to_thread.run_sync(entrance.admit, call)
    try:
        with turns.taken(admitted.caller.client_id if admitted.caller else call.address):
            return await _serve(request, admitted)
    except (TooLarge, TooMany) as refusal:
        await to_thread.run_sync(entrance.refuse, refusal, call, admitted.caller)
        raise
    except ClientDisconnect:
        logs.log().info("caller_went_away", path=call.path)
        return Response(status_code=400)  # which nobody reads


router.add_route("/{path:path}", forward, methods=METHODS)


async def _serve(request: Request, admitted: Admitted) -> Response:
    if admitted.match.route.service == "gateway":
        return await to_thread.run_sync(_OWN[admitted.match.route.template], request)
    upstream: Upstream = request.app.state.upstream
    query = request.scope["query_string"].decode("latin-1")
    body = blocks(request, admitted.match.route.body_limit)
    if admitted.match.route.streams:
        answer = await upstream.upload(admitted, query=query, headers=request.headers, blocks=body)
        return write_answer(answer)
    whole = b"".join([block async for block in body])
    return write_answer(
        await to_thread.run_sync(
            lambda: upstream.call(admitted, query=query, headers=request.headers, body=whole)
        )
    )


def _health(request: Request) -> Response:
    upstream: Upstream = request.app.state.upstream
    directory: Directory = request.app.state.directory
    denials: Denials = request.app.state.denials
    return JSONResponse(
        {
            "gateway": {"directory": directory.state, "denials_waiting": denials.waiting()},
            "exchange": upstream.status("exchange"),
            "audit": upstream.status("audit"),
        }
    )


def _directory(request: Request) -> Response:
    directory: Directory = request.app.state.directory
    return Response(directory.bundle(), media_type="application/json")


_OWN: Mapping[str, Callable[[Request], Response]] = {
    "/v1/ops/health": _health,
    "/v1/directory": _directory,
}
