"""Gateway.md's row 48 at both edges, as they are run: with the deadlines of the product."""

import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.edges import EMBEDDED, EdgeSite, serve_edge

PATIENCE = 45.0  # seconds until the last of them must be closed
GIVEN_UP = 75.0  # seconds


def hold(edge: EdgeSite, first: bytes, more: bytes) -> float:
    """Send a first piece, then one octet after the other; return after how long the edge closed."""
    start = time.monotonic()
    try:
        with edge.connect() as wire:
            wire.settimeout(0.5)
            wire.sendall(first)
            while time.monotonic() < start + GIVEN_UP:
                try:
                    if not wire.recv(65536):
                        break
                except TimeoutError:
                    wire.sendall(more)
    except (ssl.SSLError, OSError):
        pass
    return time.monotonic() - start


def half_handshake(edge: EdgeSite) -> float:
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", edge.ports[0]), GIVEN_UP) as wire:
        wire.sendall(b"\x16\x03\x01")
        wire.recv(100)
    return time.monotonic() - start


PATH = "/v1/packages/a/items/b/segments/0"
LENGTH = {"Content-Length": "1000000", "Content-Digest": f"sha-256=:{'A' * 43}=:"}


def admitted(edge: EdgeSite) -> bytes:
    """The head of an upload that the gateway lets in."""
    told = {**edge.caller("preparer").headers("PUT", PATH), **LENGTH}
    lines = [f"{name}: {value}\r\n".encode() for name, value in told.items()]
    return start_of(edge) + b"".join(lines) + b"\r\n"


def start_of(edge: EdgeSite) -> bytes:
    return b"PUT " + PATH.encode() + b" HTTP/1.1\r\nHost: " + edge.host + b"\r\n"


def forms(edge: EdgeSite) -> Sequence[tuple[str, bytes, bytes]]:
    head = start_of(edge)
    return [
        ("idle", b"", b""),
        ("half a header", head, b""),
        ("a dripped header", head + b"X: ", b"y"),
        ("half a body", admitted(edge) + b"x" * 100, b""),
        ("a dripped body", admitted(edge), b"x"),
    ]


@pytest.mark.soak
def test_48_nobody_holds_a_connection_for_nothing(edge: EdgeSite) -> None:
    with ThreadPoolExecutor(8) as pool:
        lasted = {name: pool.submit(hold, edge, first, more) for name, first, more in forms(edge)}
        handshake = pool.submit(half_handshake, edge)
        honest = edge.caller("receiver").call("GET", "/v1/inbox")
    assert honest.status_code == 200
    seconds = {name: future.result() for name, future in lasted.items()}
    assert all(each < PATIENCE for each in seconds.values()), seconds
    assert seconds["half a header"] < 12
    assert seconds["a dripped header"] < 12
    assert handshake.result() < PATIENCE


def refused(edge: EdgeSite) -> bytes:
    """The head of a call that is answered 401 at once, with a body to come."""
    return b"POST /v1/requests HTTP/1.1\r\nContent-Length: 999\r\nHost: " + edge.host + b"\r\n\r\n"


@pytest.mark.soak
def test_48_a_refused_caller_is_waited_for_a_minute(tmp_path: Path) -> None:
    """So that its answer is not lost; what the proxy does with such a caller costs us nothing."""
    with serve_edge(tmp_path, EMBEDDED) as site:
        assert 55 < hold(site, refused(site), b"x") < 65
