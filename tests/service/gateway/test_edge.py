"""Gateway.md's rows 45 to 48 at the protocol of our own listener, with short deadlines."""

import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

import pytest

from shared.runtime.closures import Closures
from shared.runtime.edge import Edge, EdgeProtocol
from tests.service.gateway.conftest import wait_until
from tests.service.gateway.edge_app import edge_app
from tests.service.gateway.sockets import listening, serving


class Hasty(EdgeProtocol):
    header_deadline: ClassVar[float] = 0.3
    body_idle: ClassVar[float] = 0.3
    rate_grace: ClassVar[float] = 0.3
    answer_idle: ClassVar[float] = 0.3
    linger: ClassVar[float] = 0.3
    max_connections: ClassVar[int] = 8
    max_calls: ClassVar[int] = 4


@dataclass
class Listener:
    """Where it listens, what it counted, and what its app saw."""

    port: int
    closures: Closures
    left: list[str | None]

    def expect(self, counts: Mapping[str, int]) -> None:
        """Wait until just that was counted: what ends with an app is counted when it has ended."""
        seen: Counter[str] = Counter()

        def counted() -> bool:
            seen.update({reason: count for (_, reason), count in self.closures.take().items()})
            return sum(seen.values()) >= sum(counts.values())

        wait_until(counted)
        assert seen == counts


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    bound, port = listening()
    made = Listener(port, Closures(), [])
    with serving(Edge(edge_app(made.left)), bound, protocol=Hasty, closures=made.closures):
        yield made


POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"


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


def test_a_whole_request_is_answered(listener: Listener) -> None:
    answer, _ = talk(listener.port, [POST + b"Content-Length: 3\r\n\r\nabc"], 0)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"strict-transport-security" in answer
    listener.expect({})


CUT_OFF: Mapping[str, tuple[list[bytes], str]] = {
    "idle": ([], "silent"),
    "half a line": ([b"POST / HT"], "header-deadline"),
    "half the headers": ([POST], "header-deadline"),
    "dripped headers": ([POST] + [b"X: y\r\n"] * 8, "header-deadline"),
    "half a body": ([POST + b"Content-Length: 3\r\n\r\na"], "body-idle"),
    "a byte at a time": ([POST + b"Content-Length: 99\r\n\r\n"] + [b"a"] * 12, "body-rate"),
}


@pytest.mark.parametrize("form", CUT_OFF)
def test_48_a_request_that_does_not_come_is_cut_off_and_counted(
    listener: Listener, form: str
) -> None:
    pieces, reason = CUT_OFF[form]
    answer, lasted = talk(listener.port, pieces)
    assert answer == b""
    assert lasted < 3
    listener.expect({reason: 1})


def test_an_app_learns_why_its_caller_went(listener: Listener) -> None:
    listener.left.clear()
    talk(listener.port, [POST + b"Content-Length: 3\r\n\r\na"])
    wait_until(lambda: listener.left == ["body-idle"])
    with socket.create_connection(("127.0.0.1", listener.port), 10) as wire:
        wire.sendall(POST + b"Content-Length: 3\r\n\r\na")
        time.sleep(0.1)
    wait_until(lambda: listener.left == ["body-idle", None])
    listener.expect({"body-idle": 1})


REFUSED: Mapping[str, tuple[bytes, bytes, str]] = {
    "40 KB header": (POST + b"X: " + b"y" * 40_000 + b"\r\n\r\n", b"431", "header-size"),
    "100 headers": (POST + b"X: y\r\n" * 100 + b"\r\n", b"431", "header-count"),
    "40 KB address": (
        b"POST /" + b"y" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"431",
        "header-size",
    ),
    "length and chunks": (CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n", b"400", "malformed"),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400", "malformed"),
    "signed length": (POST + b"Content-Length: +4\r\n\r\nabcd", b"400", "malformed"),
    "bad chunk": (CHUNKED + b"\r\nz\r\nabc\r\n0\r\n\r\n", b"400", "malformed"),
    "bad chunk end": (CHUNKED + b"\r\n3\r\nabcX0\r\n\r\n", b"400", "malformed"),
    "compressed chunks": (
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"400",
        "framing",
    ),
    "chunked twice": (
        CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"400",
        "malformed",
    ),
    "chunks in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"400",
        "framing",
    ),
    "space before colon": (POST + b"Content-Length : 0\r\n\r\n", b"400", "malformed"),
    "bare LF": (b"POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n", b"400", "malformed"),
    "folded": (POST + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n", b"400", "malformed"),
    "a control character": (POST + b"X: a\x00b\r\n\r\n", b"400", "malformed"),
    "trailer": (CHUNKED + b"\r\n0\r\nAuthorization: DPoP x\r\n\r\n", b"400", "trailer"),
    "upgrade": (POST + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", b"400", "target"),
    "no version": (b"GET /&HTTP/1.0\r\nHost: x\r\n\r\n", b"400", "version"),
    "a fragment": (b"GET /#x HTTP/1.1\r\nHost: x\r\n\r\n", b"400", "target"),
    "a whole address": (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", b"400", "target"),
    "HTTP/2 as it is": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400", "malformed"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400", "malformed"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_45_47_what_can_be_read_in_two_ways_is_refused(listener: Listener, form: str) -> None:
    request, status, reason = REFUSED[form]
    answer, _ = talk(listener.port, [request], 0)
    assert answer.split(b" ")[1:2] in ([status], [])  # [] if the rest of it made the kernel reset
    assert b"HTTP/1.1 200" not in answer
    listener.expect({reason: 1})
    if answer:
        assert b"application/problem+json" in answer
        assert b"connection: close" in answer


def test_47_a_header_without_an_end_is_not_collected(listener: Listener) -> None:
    answer, lasted = talk(listener.port, [POST + b"X: ", *[b"y" * 2**14] * 20], 0.001)
    assert answer.split(b" ")[1:2] in ([b"431"], [])
    assert lasted < Hasty.header_deadline
    listener.expect({"header-size": 1})


def test_a_trailer_never_becomes_a_header(listener: Listener) -> None:
    head = b"POST /headers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer, _ = talk(listener.port, [head + b"0\r\nX-Officer: mallory\r\n\r\n"], 0)
    assert b"x-officer" not in answer
    listener.expect({"trailer": 1})


def test_a_second_request_has_its_own_deadline(listener: Listener) -> None:
    request = POST + b"Content-Length: 1\r\n\r\na"
    with socket.create_connection(("127.0.0.1", listener.port), 10) as wire:
        for _ in range(2):
            wire.sendall(request)
            assert wire.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
        wire.sendall(POST)
        assert wire.recv(65536) == b""
    listener.expect({"header-deadline": 1})


def test_a_caller_is_not_punished_for_our_slowness(listener: Listener) -> None:
    size = 3 * 2**20
    head = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    answer, _ = talk(listener.port, [head + b"x" * size], 0)
    assert answer.startswith(b"HTTP/1.1 200")
    listener.expect({})


def test_a_caller_who_takes_no_answer_is_cut_off(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port), 10) as wire:
        wire.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: ("127.0.0.1", "answer-not-taken") in listener.closures.take())


def test_a_body_after_its_answer_is_not_read_for_ever(listener: Listener) -> None:
    head = b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer, _ = talk(listener.port, [head], 0)
    assert answer.startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", listener.port), 10) as wire:
        wire.sendall(head)
        with pytest.raises(ConnectionError):
            drip(wire, b"1\r\na\r\n")


def test_an_answer_is_not_lost_when_the_rest_is_not_wanted(listener: Listener) -> None:
    head = b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", listener.port), 10) as wire:
        wire.sendall(head + b"x" * 8_000_000)
        assert wire.recv(65536).startswith(b"HTTP/1.1 413")
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(65536) == b""
    listener.expect({})


def drip(wire: socket.socket, piece: bytes) -> None:
    for _ in range(100):
        wire.sendall(piece)
        time.sleep(0.05)


def test_who_holds_connections_keeps_nobody_out(listener: Listener) -> None:
    whole = POST + b"Content-Length: 1\r\n\r\na"
    with ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), 10))
            for _ in range(Hasty.max_connections)
        ]
        for wire in held:
            wire.sendall(whole)
            assert wire.recv(65536).startswith(b"HTTP/1.1 200")
        assert talk(listener.port, [whole], 0)[0].startswith(b"HTTP/1.1 200")
        assert held[0].recv(1) == b""  # the longest idle
    listener.expect({"crowded": 1})


def test_one_call_too_many_is_asked_to_wait(listener: Listener) -> None:
    head = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
    with ExitStack() as stack:
        for _ in range(Hasty.max_calls):
            stack.enter_context(socket.create_connection(("127.0.0.1", listener.port), 10)).sendall(
                head
            )
        time.sleep(0.1)
        answer, _ = talk(listener.port, [head], 0)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answer
    listener.expect({"overload": 1})
