"""At every address inside a node: nothing is believed, read or done before the caller's assertion holds.

Order: address in the table → assertion from a service that may call it, for this method, path and
query, fresh → scope of the client behind the gateway → body → used once, if the call changes something.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.protocol import internal
from shared.protocol.digests import parse_content_digest
from shared.protocol.errors import FormatError
from shared.protocol.internal import Internal
from shared.protocol.jose import EXPIRY_SKEW, TokenError
from shared.runtime import inside, logs, problems
from shared.runtime.app import NodeApp
from shared.runtime.clock import Clock
from shared.runtime.inside import Door
from shared.runtime.principals import HEADER, InternalKeys, Principal
from shared.runtime.refusals import (
    MethodNotAllowed,
    NotAllowed,
    NotFound,
    Refusal,
    Unauthenticated,
)

READING = frozenset({"GET", "HEAD"})
MAX_HELD = 17 * 2**20  # bytes; what an address takes at most is checked behind, at its route
_FORGET = 4096  # assertions after which those that have died are forgotten


class RoutesError(Exception):
    """An app has other routes than the table of `inside` gives it, or in another order."""


def place(
    app: NodeApp, service: str, *, routers: Sequence[APIRouter], keys: Path, clock: Clock
) -> None:
    """Put the guard in front of an app.

    Args:
        app: the app of the service.
        service: its name in the table.
        routers: all of its routes, but for health.
        keys: the folder with `<service>.pub.jwk` of every service of the node.
        clock: the time.

    Raises:
        RoutesError: the routes are not those of the table.
    """
    check_routes(service, routers)
    doorman = Doorman(service, InternalKeys(keys, clock), clock)
    app.layer = lambda served: Guard(served, doorman)


def check_routes(service: str, routers: Sequence[APIRouter]) -> None:
    """Check that an app has exactly the routes of the table, in its order.

    Raises:
        RoutesError: it has not; names those that stand in one place only.
    """
    served = [
        inside.shape(method, route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, Route)
        for method in route.methods or ()
    ]
    listed = [door.shape for door in inside.DOORS[service]]
    if served != listed:
        differing = sorted(set(served) ^ set(listed)) or ["the order"]
        raise RoutesError(f"{service}: shared/runtime/inside.py and the routes differ: {differing}")


def principal(request: Request) -> Principal:
    """Return who calls: a dependency of routes behind the guard."""
    found: Principal = request.scope["state"]["principal"]
    return found


@dataclass(frozen=True, slots=True)
class Doorman:
    """Checks the assertions that reach one service."""

    service: str
    keys: InternalKeys
    clock: Clock
    started: int = field(init=False)
    _used: dict[str, tuple[object, int]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", int(self.clock().timestamp()))

    def admit(self, door: Door, target: str, tokens: Sequence[str]) -> tuple[Principal, Internal]:
        """Return who calls, and what the assertion says of the call.

        Raises:
            Unauthenticated: no assertion, or one that is not for exactly this call.
            NotAllowed: another service, or a client without the scope.
        """
        if len(tokens) != 1:
            raise Unauthenticated(
                "no_assertion", "This address takes calls of the node's own services only."
            )
        try:
            said = internal.verify(
                tokens[0],
                self.keys.now(),
                audience=self.service,
                method=door.method,
                target=target,
                now=self.clock(),
            )
        except TokenError as error:
            raise _refused(str(error)) from error
        caller = _principal(said)
        _check_right(door, caller)
        return caller, said

    def use(self, said: Internal) -> None:
        """Take an assertion of a call that changes something: once.

        What was used is kept in memory, for as long as an assertion lives. So one from before this
        process began is refused: another process may have taken it.

        Raises:
            Unauthenticated: it was used before.
        """
        if said.issued < self.started:
            raise _refused("It is older than this service's start.")
        if len(self._used) >= _FORGET:
            self._forget()
        mine = (object(), said.expires)
        if self._used.setdefault(said.jti, mine) is not mine:
            raise _refused("It was used before.")

    def _forget(self) -> None:
        dead = int(self.clock().timestamp()) - EXPIRY_SKEW
        for jti, (_, expires) in list(self._used.items()):
            if expires <= dead:
                self._used.pop(jti, None)


class Guard:
    """The layer in front of an app."""

    def __init__(self, app: ASGIApp, doorman: Doorman) -> None:
        """Wrap the app of the doorman's service."""
        self._app, self._doorman, self._service = app, doorman, doorman.service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http" or scope["path"] in inside.OPEN:
            await self._app(scope, receive, send)
            return
        try:
            receive = await self._admitted(scope, receive)
        except Refusal as refusal:
            logs.log().info("refused_inside", code=refusal.code, detail=refusal.detail)
            await problems.problem(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        door = inside.find(self._service, scope["method"], scope["path"])
        if door is None:
            raise _nowhere(inside.methods(self._service, scope["path"]))
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        caller, said = self._doorman.admit(door, target, headers.getlist(HEADER))
        if door.streamed:
            _check_promise(headers, said)
        else:
            receive = await _checked_body(receive, said)
        if door.method not in READING:
            self._doorman.use(said)
        scope.setdefault("state", {})["principal"] = caller
        return receive


def _check_right(door: Door, caller: Principal) -> None:
    if caller.service not in door.callers:
        raise NotAllowed("wrong_service", f"The {caller.service} has no business at this address.")
    if door.scopes and not door.scopes & caller.scopes:
        wanted = "|".join(sorted(door.scopes))
        raise NotAllowed("insufficient_scope", f"This takes the scope {wanted}.", rule="R5")


def _check_promise(headers: Headers, said: Internal) -> None:
    """Check that the digest that the body promises to have is the one that is bound."""
    try:
        promised = parse_content_digest(headers.get("content-digest", ""))
    except FormatError as error:
        raise _refused("The body has no Content-Digest.") from error
    if promised != said.body:
        raise _refused("It is for another body.")


async def _checked_body(receive: Receive, said: Internal) -> Receive:
    """Read the body, check it, and give it once more to whoever reads it behind."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # the caller went away
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_HELD:
            raise problems.too_large()
    if (hashlib.sha256(body).digest() if body else None) != said.body:
        raise _refused("It is for another body.")
    held: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return held.pop() if held else await receive()

    return again


def _principal(said: Internal) -> Principal:
    return Principal(
        service=said.issuer,
        client_id=said.client_id,
        country=said.country,
        scopes=frozenset(said.scope.split()),
        officer=said.officer,
        purpose=said.purpose,
    )


def _nowhere(methods: Sequence[str]) -> Refusal:
    if methods:
        return MethodNotAllowed(
            "method_not_allowed",
            "This address does not take this method.",
            headers={"Allow": ", ".join(methods)},
        )
    return NotFound("not_found", "There is nothing at this address.")


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated("bad_assertion", f"The internal assertion is refused. {why}")
