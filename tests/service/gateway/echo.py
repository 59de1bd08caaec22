"""Stand-ins for exchange and audit, to test the passing-on alone: they say what reached them.

They are no models of these services: they hold no rule, and nothing but the gateway is tested here.
"""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

BLOCK = bytes(range(256)) * 4096  # 1 MiB
BLOCKS = 24


@dataclass
class Echo:
    """What the stand-in saw, and how it is to behave."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    aborted: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    audit_status: int = 200
    sent: int = 0
    released: threading.Event = field(
        default_factory=threading.Event
    )  # set: slow calls are answered


def echo_app(echo: Echo) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/readyz")
    @app.get("/status")
    def ready() -> Response:
        return JSONResponse({"status": "ok", "alarm": None}, echo.audit_status)

    @app.post("/entries")
    async def entries(request: Request) -> Response:
        if echo.audit_status == 200:
            echo.events += (await request.json())["events"]
        return JSONResponse({"results": []}, echo.audit_status)

    @app.get("/v1/packages/{package}/items/{rest:path}")
    @app.get("/peer/v1/packages/{package}/{rest:path}")
    def segment(package: str, rest: str) -> Response:
        return _stream(echo, broken=package == "broken" and bool(rest))

    @app.get("/v1/requests/{name}")
    def problem(name: str) -> Response:
        if name == "short":
            return StreamingResponse(iter([b"{"]), headers={"Content-Length": "9"})
        body = {"code": "wrong_state", "status": 409, "detail": name}
        return JSONResponse(body, 409, {"Set-Cookie": "a=b"}, media_type="application/problem+json")

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def anything(request: Request) -> Response:
        return await _echoed(echo, request)

    return app


def _stream(echo: Echo, *, broken: bool) -> Response:
    def blocks() -> Iterator[bytes]:
        for number in range(BLOCKS):
            if broken and number == 3:
                raise ConnectionError("broken on purpose")
            echo.sent += 1
            yield BLOCK

    return StreamingResponse(
        blocks(),
        headers={"Content-Length": str(BLOCKS * len(BLOCK)), "Content-Digest": "sha-256=:x:"},
        media_type="application/octet-stream",
    )


async def _echoed(echo: Echo, request: Request) -> Response:
    if request.url.query == "slow":
        # Held until the test has seen what it waits for: no guess at how slow is slow enough.
        await asyncio.to_thread(echo.released.wait)
    digest, size = hashlib.sha256(), 0
    try:
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
    except ClientDisconnect:
        echo.aborted += 1
        raise
    seen = {
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query,
        "headers": dict(request.headers),
        "sha256": digest.hexdigest(),
        "size": size,
    }
    echo.calls.append(seen)
    return JSONResponse(seen)
