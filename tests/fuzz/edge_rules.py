"""The edge under arbitrary octets: what reaches an app is one request, read alike by a second reader.

The protocol is the one that serves callers, on a transport in memory. The second opinion is h11. What
h11 takes and the edge does not is no matter: the edge may be stricter, never looser.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import h11
from starlette.types import Receive, Scope, Send
from typing_extensions import override
from uvicorn.server import ServerState

from services.gateway.admission import check_form
from shared.runtime.closures import Closures, EdgeConfig
from shared.runtime.edge import EdgeProtocol
from shared.runtime.origin import CLAIMS, Direct
from shared.runtime.refusals import Refusal

HOST = "gateway.example"
HEAD = b"POST /v1/requests?a=b HTTP/1.1\r\nHost: gateway.example\r\n"
EXAMPLES: Sequence[bytes] = (
    HEAD + b"Content-Length: 3\r\n\r\nabc",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nX-Real-Ip: 6.6.6.6\r\n\r\n",
    HEAD + b"Content-Length: 1\r\n\r\na" + HEAD + b"Content-Length: 0\r\n\r\n",
    HEAD + b"X-Forwarded-For: 1\r\nClient-Cert: :MAA=:\r\nForwarded: for=x\r\n\r\n",
    HEAD + b"Authorization: DPoP a\r\nDPoP: b\r\nConnection: close\r\n\r\n",
    HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: gateway.example\r\n\r\n",
    b"GET http://gateway.example/ HTTP/1.1\nHost : gateway.example\n folded\n\n",
    b"GET /&HTTP/1.0\r\nHost: gateway.example\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


class Memory(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def abort(self) -> None:
        self.close()

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def pause_reading(self) -> None:
        pass

    @override
    def resume_reading(self) -> None:
        pass

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.1", 1)}.get(name, default)


@dataclass
class Seen:
    """A request that came to the app."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes | None  # None: refused by its form


TURNS = 6  # of the loop, in which an app would begin or answer


@dataclass
class Edge:
    """One event loop for many connections."""

    seen: list[Seen] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __post_init__(self) -> None:
        self.config = EdgeConfig(Direct(self.app), closures=Closures(), log_config=None)
        self.config.load()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.loop.close()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request as the gateway would."""
        raw_path = scope["raw_path"].decode("latin-1")
        try:
            check_form(scope["headers"], raw_path, scope["query_string"], host=HOST)
        except Refusal as refusal:
            self.seen.append(Seen(b"", b"", [], None))
            await _answer(send, refusal.status)
            return
        assert not {name for name, _ in scope["headers"]} & CLAIMS
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        target = scope["raw_path"] + query
        self.seen.append(Seen(scope["method"].encode(), target, scope["headers"], body))
        await _answer(send, 200)

    def feed(self, pieces: Sequence[bytes]) -> tuple[list[Seen], bytes]:
        """Send octets in pieces; return the requests that an app had, and what was answered."""
        self.seen = []
        written = self.loop.run_until_complete(self._feed(pieces))
        self.config.closures.take()
        return self.seen, written

    async def _feed(self, pieces: Sequence[bytes]) -> bytes:
        state, transport = ServerState(), Memory()
        protocol = EdgeProtocol(self.config, state, {}, self.loop)
        protocol.connection_made(transport)
        for piece in pieces:
            if not transport.closed:
                protocol.data_received(piece)
            await self._rest(transport)
        protocol.connection_lost(None)
        await asyncio.gather(*state.tasks)
        return transport.written

    async def _rest(self, transport: Memory) -> None:
        """Let the loop turn until nothing moves any more, however many requests stand in a row."""
        quiet, before = 0, (-1, -1)
        while quiet < TURNS:
            await asyncio.sleep(0)
            now = (len(transport.written), len(self.seen))
            quiet, before = (quiet + 1 if now == before else 0), now


async def _answer(send: Send, status: int) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


def check(edge: Edge, data: bytes, cut: int = 0) -> None:
    """Feed octets, cut in two, and compare what an app had with what h11 reads."""
    seen, written = edge.feed([data[:cut], data[cut:]] if cut else [data])
    assert written.count(b"HTTP/1.1 ") >= len(seen)
    rest = data
    for request in seen:
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=2**20)
        reader.receive_data(_plain(rest))
        if request.body is None:
            if not _passed(reader):
                return
        else:
            _same(request, reader)
        rest = reader.trailing_data[0]


def _plain(data: bytes) -> bytes:
    """Drop what h11 does not know as harmless: empty lines before a request, two spaces in its line."""
    line, end, rest = data.lstrip(b"\r\n").partition(b"\r\n")
    return re.sub(rb" +", b" ", line) + end + rest


def _passed(reader: h11.Connection) -> bool:
    """Read on behind a request that was refused; h11 may refuse it, too."""
    try:
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return False
    except h11.RemoteProtocolError:
        return False
    return True


def _same(request: Seen, reader: h11.Connection) -> None:
    head = reader.next_event()
    assert isinstance(head, h11.Request), head
    assert bytes(head.method) == request.method
    assert bytes(head.target) in {request.target, request.target + b"?"}  # an empty query is none
    told = [(bytes(name), bytes(value)) for name, value in head.headers]
    assert all((name, value.strip()) in told for name, value in request.headers)
    body = b""
    while isinstance(event := reader.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage), event
    assert not list(event.headers)
    assert body == request.body
