"""From HTTP to a call, and from an answer to HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from services.gateway.entrance import Call
from services.gateway.upstream import Answer, BrokenStreamError
from shared.runtime import http, logs
from shared.runtime.problems import too_large
from shared.runtime.refusals import Refusal


def read_call(request: Request) -> Call:
    """Read who asks for what; the body stays where it is."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw
    }
    return Call(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        headers=headers,
        address=request.client.host if request.client else "",
        certificate=request.scope.get("state", {}).get("client_certificate"),
    )


async def blocks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Give the body as it comes, in blocks of 1 MiB.

    Raises:
        TooLarge: it goes over the limit, whatever length was announced.
    """
    block, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large()
        block += chunk
        if len(block) >= http.BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


Reading = Callable[[Callable[[], bytes]], Awaitable[bytes]]  # runs what blocks, in a thread


def write_answer(answer: Answer, reading: Reading = to_thread.run_sync) -> Response:
    """Pass the answer of a service or a peer on."""
    if answer.body is not None:
        headers = {name: value for name, value in answer.headers.items() if name != _LENGTH}
        return Response(answer.body, answer.status, headers)
    return _Blocks(answer, reading)


_LENGTH = "content-length"


class _Blocks(StreamingResponse):
    """An answer read in a thread, block by block; its source is closed however it ends."""

    def __init__(self, answer: Answer, reading: Reading) -> None:
        super().__init__(self._read(), answer.status, dict(answer.headers))
        self._answer, self._reading = answer, reading

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (BrokenStreamError, Refusal) as error:
            # Returning short of the announced length makes the server break the connection.
            logs.log().warning("answer_broke_off", path=scope["path"], error=str(error))
        finally:
            self._answer.close()

    async def _read(self) -> AsyncIterator[bytes]:
        while block := await self._reading(self._answer.read):
            yield block
