"""The shell that all services have in common: health, problems, request ids, no framework extras."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from shared.runtime import logs, problems, refusals

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Readiness = Callable[[], Mapping[str, str]]
JSON_LIMIT = 256 * 1024  # bytes; a route that takes more says so
OK = "ok"
STANDBY = "standby"  # another process does this part's work; the rest is done here
TOO_LARGE = 413


def create_app(
    title: str,
    *,
    routers: Sequence[APIRouter],
    readiness: Readiness,
    lifespan: Lifespan | None = None,
) -> "NodeApp":
    """Return an app with `/healthz` and `/readyz` (503 unless all of `readiness()` is ok or stands by)."""
    app = NodeApp(
        title=title,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        max_body_size=JSON_LIMIT,
    )
    problems.install(app)
    app.include_router(_health(readiness))
    for router in routers:
        app.include_router(router)
    return app


def _health(readiness: Readiness) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": OK}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        parts = dict(readiness())
        ready = all(state in {OK, STANDBY} for state in parts.values())
        return JSONResponse(
            {"status": OK if ready else "not ready", "parts": parts}, 200 if ready else 503
        )

    return router


class NodeApp(FastAPI):
    """A FastAPI whose every request has an id of our own making: in logs, problems and `X-Request-Id`.

    This wraps the framework from outside, since its body limit answers before any middleware.
    """

    layer: Callable[[ASGIApp], ASGIApp] | None = None
    """What stands in front of the framework: it reads bodies that the framework limits by route."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        served = super().__call__ if self.layer is None else self.layer(super().__call__)
        made = secrets.token_hex(8)
        mark = logs.request_id.set(made)

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", made.encode())]
            await send(message)

        try:
            await served(scope, receive, _problem_if_too_large(tagged))
        finally:
            logs.request_id.reset(mark)


def _problem_if_too_large(send: Send) -> Send:
    """Replace the framework's plain-text answer to a body over the limit by a problem."""
    replaced = False

    async def problem_send(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] == TOO_LARGE:
            replaced = (b"content-type", refusals.PROBLEM.encode()) not in message["headers"]
        if not replaced:
            await send(message)
        elif message["type"] == "http.response.start":
            refusal = problems.problem(problems.too_large())
            await send({**message, "headers": [*refusal.raw_headers, (b"connection", b"close")]})
            await send({"type": "http.response.body", "body": refusal.body})

    return problem_send
