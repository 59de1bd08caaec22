"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a POST that may be sent again."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from services.exchange import assistance, collection, repeating
from services.exchange.records import Repeat
from services.exchange.repeating import RepeatedError
from services.exchange.routes import answers
from services.exchange.routes.parts import Acting, Node, Parts, parts_of
from shared.protocol import canonical
from shared.protocol.digests import sha256
from shared.protocol.identifiers import new_id

PACKAGES = "/v1/packages"
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[\\x21-\\x7e]+$",
        min_length=8,
        max_length=200,
        description="Drawn for each write and sent again with it, for 24 hours: it is done once.",
    ),
]


def fresh_id(request: Request) -> str:
    """Return the id of what the call makes, one for the whole of the call."""
    if not hasattr(request.state, "fresh_id"):
        request.state.fresh_id = new_id(parts_of(request).clock())
    drawn: str = request.state.fresh_id
    return drawn


async def repeatable(
    request: Request, node: Node, actor: Acting, key: Key = None
) -> AsyncIterator[Parts]:
    """Give the parts to a write, done once under the caller's key if it has one."""
    if key is None:
        yield node
        return
    about = canonical.encode([request.method, request.scope["path"]])
    named = request.path_params.get("request_id") or request.path_params.get("package_id")
    repeat = Repeat(
        client_id=actor.client_id,
        key=key,
        digest=sha256(sha256(about) + await request.body()),
        subject=named or fresh_id(request),
        at=actor.at,
    )
    with node.under_way.holding(actor.client_id, key):
        yield replace(node, database=repeating.once(node.database, repeat))


FreshId = Annotated[str, Depends(fresh_id)]
Repeatable = Annotated[Parts, Depends(repeatable)]


View = Callable[[Parts, Mapping[str, str]], object]
# What an address answers with that does not answer with the request or package itself: as it stands now.
_VIEWS: dict[str, View] = {}


def answers_with(path: str, view: View) -> None:
    """Say what a write at this address is answered with when it is sent again."""
    _VIEWS[path] = view


def install(app: FastAPI) -> None:
    """Answer a write that was done before with what came of it."""
    app.add_exception_handler(RepeatedError, _again)


def _again(request: Request, error: Exception) -> Response:
    assert isinstance(error, RepeatedError)
    node = parts_of(request)
    view = _VIEWS.get(request.scope["route"].path)
    if view is not None:
        shown: object = view(node, request.path_params)
    elif request.scope["path"].startswith(PACKAGES):
        package = collection.view(error.subject, database=node.database, keyring=node.keyring)
        shown = answers.package(package)
    else:
        shown = answers.request(assistance.view(error.subject, database=node.database))
    status: int | None = request.scope["route"].status_code
    return JSONResponse(jsonable_encoder(shown), status or 200)
