"""The API: admit the call, pass it on, pass the answer back."""

from collections.abc import Callable, Mapping

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from services.gateway import keywatch
from services.gateway.addresses import SEGMENT_BODY
from services.gateway.clients import Office
from services.gateway.denials import Denials
from services.gateway.directory import Directory
from services.gateway.entrance import Admitted, Entrance
from services.gateway.issuing import Issuer
from services.gateway.listening import Listening
from services.gateway.routes import clients, federation, operations
from services.gateway.routes.calls import blocks, read_call, write_answer
from services.gateway.routes.recording import mark, record, refused_inside, went_away
from services.gateway.standing import LogStanding
from services.gateway.turns import Turns
from services.gateway.upstream import Answer, Upstream
from shared.runtime.problems import problem
from shared.runtime.refusals import Refusal

router = APIRouter(max_body_size=SEGMENT_BODY)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


async def forward(request: Request) -> Response:
    """Serve any address of the table in `addresses`."""
    entrance: Entrance = request.app.state.entrance
    try:
        admitted = await to_thread.run_sync(entrance.admit, read_call(request))
    except Refusal:
        mark(request)
        raise
    request.state.quota = admitted.quota
    try:
        return await _serve(request, admitted)
    except ClientDisconnect:
        # Nobody reads the answer. What was under way inside was broken off with it.
        return problem(await record(request, went_away(request), admitted.caller))
    except Refusal as refusal:
        raise await record(request, refusal, admitted.caller) from None


router.add_route("/{path:path}", forward, methods=METHODS)


async def _serve(request: Request, admitted: Admitted) -> Response:
    turns: Turns = request.app.state.turns
    owner = admitted.caller.client_id if admitted.caller else admitted.address
    with turns.taken(owner):
        if clients.serves(admitted.match.route):
            return await clients.serve(request, admitted)
        if admitted.match.route.service == "gateway":
            return await to_thread.run_sync(_OWN[admitted.match.route.template], request)
        answer = await _pass_on(request, admitted)
        refusal = refused_inside(answer)
        if refusal is not None:
            await record(request, refusal, admitted.caller)
        return write_answer(answer)


async def _pass_on(request: Request, admitted: Admitted) -> Answer:
    upstream: Upstream = request.app.state.upstream
    log: LogStanding = request.app.state.log_standing
    query = request.scope["query_string"].decode("latin-1")
    body = blocks(request, admitted.match.route.body_limit)
    if admitted.match.route.streams:
        await to_thread.run_sync(log.check, admitted.match.route)
        return await upstream.upload(admitted, query=query, headers=request.headers, blocks=body)
    whole = b"".join([block async for block in body])

    def call() -> Answer:
        log.check(admitted.match.route)
        return upstream.call(admitted, query=query, headers=request.headers, body=whole)

    return await to_thread.run_sync(call)


def _health(request: Request) -> Response:
    upstream: Upstream = request.app.state.upstream
    directory: Directory = request.app.state.directory
    denials: Denials = request.app.state.denials
    office: Office = request.app.state.office
    issuer: Issuer = request.app.state.issuer
    listening: Listening = request.app.state.listening
    return JSONResponse(
        {
            "gateway": {
                "directory": directory.state.value,
                "view": directory.health(),
                "denials_waiting": denials.waiting(),
                "edge": listening.health(),
                "clients": keywatch.told(office),
                "token_keys": issuer.keys.rings.told(),
            },
            "exchange": upstream.status("exchange"),
            "audit": upstream.status("audit"),
        }
    )


_OWN: Mapping[str, Callable[[Request], Response]] = {
    **operations.OWN,
    "/v1/ops/health": _health,
    "/v1/directory": federation.bundle,
    "/v1/ops/directory/refresh": federation.refresh,
    "/federation/metadata/{metadata}": federation.mirrored,
    "/federation/targets/members/{document}": federation.mirrored,
    "/federation/targets/pairs/{profile}": federation.mirrored,
}
