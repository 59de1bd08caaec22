"""An app behind the edge that reads slowly, not at all, or answers at length."""

import asyncio

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse


def edge_app(left: list[str | None]) -> FastAPI:
    """Make it; `left` gets the reason why each caller was cut off (None: it left by itself)."""
    app = FastAPI(openapi_url=None)

    @app.post("/")
    async def read(request: Request) -> Response:
        size = 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
        except ClientDisconnect:
            left.append(request.scope["state"]["closing"].reason)
        return Response(str(size))

    @app.post("/slow")
    async def slow(request: Request) -> int:
        """Be the slow side: the caller must not be punished for it."""
        await asyncio.sleep(1.0)
        return len(await request.body())

    _add_answers(app)
    return app


def _add_answers(app: FastAPI) -> None:
    @app.post("/early")
    def early() -> int:
        """Answer without having read the body."""
        return 1

    @app.post("/refused")
    def refused() -> Response:
        return Response(status_code=413, headers={"Connection": "close"})

    @app.get("/large")
    def large() -> Response:
        return StreamingResponse(b"x" * 65536 for _ in range(1024))

    @app.post("/headers")
    def headers(request: Request) -> list[str]:
        return list(request.headers)
