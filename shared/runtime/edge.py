"""What every connection from outside must bear with, before an app is reached.

`EdgeProtocol` gives uvicorn the deadlines and sizes that it lacks (it touches uvicorn's internals:
its version is pinned, and tests probe each deadline). `Edge` sets the headers of every answer.
"""

import asyncio
import time
from typing import ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 16 * 2**10  # the URL included
MAX_HEADERS = 64

# What is open to all and never changes says so itself; everything else is kept by nobody.
NOT_STORED = (b"cache-control", b"no-store")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
)


class EdgeProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a deadline for the headers, an idle time and a least rate for the body."""

    max_header_bytes: ClassVar[int] = MAX_HEADER_BYTES
    max_headers: ClassVar[int] = MAX_HEADERS
    header_deadline: ClassVar[float] = 10.0  # seconds from the connection to the end of the headers
    body_idle: ClassVar[float] = 20.0  # seconds between two pieces of a body
    min_rate: ClassVar[float] = 1024  # bytes a second, once `rate_grace` has passed
    rate_grace: ClassVar[float] = 30.0  # seconds

    _timer: asyncio.TimerHandle | None = None
    _in_body = False
    _waiting = False  # between two requests: uvicorn's own keep-alive watches then
    _size = 0
    _began = 0.0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm(self.header_deadline)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = 0
        if self._waiting:
            self._waiting = False
            self._arm(self.header_deadline)

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._measure(len(url))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._measure(len(name) + len(value) + 4)
        if len(self.headers) > self.max_headers:
            self.transport.abort()

    @override
    def on_headers_complete(self) -> None:
        self._in_body, self._size, self._began = True, 0, time.monotonic()
        self._arm(self.body_idle)
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._size += len(body)
        lasted = time.monotonic() - self._began
        slow = lasted > self.rate_grace and self._size / lasted < self.min_rate
        if slow and not self.flow.read_paused:
            self.transport.abort()
            return
        self._arm(self.body_idle)

    @override
    def on_message_complete(self) -> None:
        self._in_body, self._waiting = False, True
        self._disarm()
        super().on_message_complete()

    @override
    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            # A TLS peer may never say goodbye; an idle connection is not worth the wait.
            self.transport.abort()

    def _measure(self, size: int) -> None:
        self._size += size
        if self._size > self.max_header_bytes:
            self.transport.abort()

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        if self._in_body and self.flow.read_paused:
            self._arm(self.body_idle)  # we are the slow side
            return
        self.transport.abort()


class ProxiedProtocol(EdgeProtocol):
    """The same behind our proxy, whose own headers come on top of the caller's."""

    max_header_bytes: ClassVar[int] = MAX_HEADER_BYTES + 12 * 2**10  # a certificate in base64
    max_headers: ClassVar[int] = MAX_HEADERS + 8


class Edge:
    """The outermost layer of an app: headers for every answer."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *SECURITY_HEADERS]
                if all(name.lower() != b"cache-control" for name, _ in message["headers"]):
                    headers.append(NOT_STORED)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, with_headers)
