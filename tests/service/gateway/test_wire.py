"""Gateway.md's rows 45, 46 and 49: requests that no HTTP library would send."""

import socket
import ssl

import pytest

from tests.service.gateway.conftest import World


def raw(world: World, request: bytes) -> bytes:
    context = ssl.create_default_context(cafile=str(world.qm.certificates.ca))
    with (
        socket.create_connection(("127.0.0.1", world.qm.public[1]), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        wire.sendall(request)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
        return answer


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Host: HOST\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"400"),
        (b"Host: HOST\r\nContent-Length: 5\r\nContent-Length: 6\r\n", b"400"),
        (b"Host: HOST\r\nHost: HOST\r\n", b"400"),
        (b"", b"400"),
        (b"Host: evil.example\r\n", b"421"),
        (b"Host: evil/abc?x=\r\n", b"421"),
        (b"Host: HOST\r\nX: a\r\n folded\r\n", b"400"),
    ],
)
def test_45_46_ambiguous_requests_are_refused(world: World, lines: bytes, status: bytes) -> None:
    host = world.qm.url.removeprefix("https://").encode()
    head = b"POST /healthz HTTP/1.1\r\nConnection: close\r\n" + lines.replace(b"HOST", host)
    assert raw(world, head + b"\r\n").split(b" ")[1] == status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /v1/requests\xff HTTP/1.1", b"400"),
        (b"GET /v1/re quests HTTP/1.1", b"400"),
        (b"OPTIONS * HTTP/1.1", b"400"),
        (b"FOO /healthz HTTP/1.1", b"400"),
        (b"GET /healthz HTTP/9.9", b"400"),
        (b"GET http://evil.example/v1/nothing HTTP/1.1", b"400"),
        (b"CONNECT evil.example:443 HTTP/1.1", b"400"),
    ],
)
def test_50_a_request_line_is_one(world: World, line: bytes, status: bytes) -> None:
    host = world.qm.url.removeprefix("https://").encode()
    answer = raw(world, line + b"\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n")
    assert answer.split(b" ")[1] == status


def test_49_only_tls_1_3_is_spoken(world: World) -> None:
    context = ssl.create_default_context(cafile=str(world.qm.certificates.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", world.qm.public[1]), 5) as plain,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")
