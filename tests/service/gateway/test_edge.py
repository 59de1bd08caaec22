"""Gateway.md's rows 47 and 48: nobody can hold a connection open for nothing."""

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from shared.runtime.edge import Edge, EdgeProtocol
from tests.service.gateway.sockets import listening, serving


class Hasty(EdgeProtocol):
    header_deadline: ClassVar[float] = 0.3
    body_idle: ClassVar[float] = 0.3
    rate_grace: ClassVar[float] = 0.3


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI(openapi_url=None)

    @app.post("/")
    async def read(request: Request) -> int:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
        return size

    @app.post("/slow")
    async def slow(request: Request) -> int:
        """Be the slow side: the caller must not be punished for it."""
        await asyncio.sleep(1.0)
        return len(await request.body())

    bound, number = listening()
    with serving(Edge(app), bound, protocol=Hasty):
        yield number


POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


def talk(port: int, pieces: list[bytes], pause: float = 0.1) -> tuple[bytes, float]:
    """Send piece after piece; return what came back and how long it took."""
    start = time.monotonic()
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        try:
            for piece in pieces:
                wire.sendall(piece)
                time.sleep(pause)
            while chunk := wire.recv(65536):
                answer += chunk
                if b"\r\n\r\n" in answer:
                    break
        except ConnectionError:
            pass
    return answer, time.monotonic() - start


def test_a_whole_request_is_answered(port: int) -> None:
    answer, _ = talk(port, [POST + b"Content-Length: 3\r\n\r\nabc"], 0)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"strict-transport-security" in answer


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"POST / HT"],
        [POST],
        [POST] + [b"X: y\r\n"] * 8,
        [POST + b"Content-Length: 3\r\n\r\na"],
        [POST + b"Content-Length: 99\r\n\r\n"] + [b"a"] * 12,
        [POST + b"X: " + b"y" * 40_000],
        [POST + b"X: y\r\n" * 100 + b"\r\n"],
        [b"POST /" + b"y" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    ],
    ids=[
        "idle",
        "half a line",
        "half the headers",
        "dripped headers",
        "half a body",
        "a byte at a time",
        "40 KB header",
        "100 headers",
        "40 KB address",
    ],
)
def test_a_request_that_does_not_come_is_cut_off(port: int, pieces: list[bytes]) -> None:
    answer, lasted = talk(port, pieces)
    assert b"200" not in answer
    assert lasted < 3


def test_a_second_request_has_its_own_deadline(port: int) -> None:
    request = POST + b"Content-Length: 1\r\n\r\na"
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        for _ in range(2):
            wire.sendall(request)
            assert wire.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
        wire.sendall(POST)
        assert wire.recv(65536) == b""


def test_a_caller_is_not_punished_for_our_slowness(port: int) -> None:
    size = 3 * 2**20
    head = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    answer, _ = talk(port, [head + b"x" * size], 0)
    assert answer.startswith(b"HTTP/1.1 200")
