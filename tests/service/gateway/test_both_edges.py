"""What must hold whichever edge stands before the gateway: real processes, real sockets."""

import signal
import socket
import ssl
import time
from typing import Any

import pytest

from tests.edges import CADDY, EMBEDDED, EdgeSite
from tests.service.gateway.conftest import wait_until
from tests.service.gateway.sockets import make_certificates

CLAIMED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Real-Ip": "6.6.6.6",
    "Forwarded": "for=6.6.6.6",
    "Client-Cert": ":MAA=:",
    "Client-Cert-Chain": ":MAA=:",
}


def head(edge: EdgeSite, line: bytes, *more: bytes) -> bytes:
    lines = [line + b" HTTP/1.1", b"Host: " + edge.host, b"Connection: close", *more]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def status(answer: bytes) -> bytes:
    return answer.split(b" ")[1] if answer else b"closed"


def denials(edge: EdgeSite, reason: str) -> list[dict[str, Any]]:
    return [event for event in edge.echo.events if event.get("reason") == reason]


def test_an_honest_caller_gets_in(edge: EdgeSite) -> None:
    answer = edge.caller("preparer").call("GET", "/v1/requests")
    assert answer.status_code == 200
    assert not {"server", "via", "alt-svc"} & set(answer.headers)
    assert answer.headers["strict-transport-security"]


def test_44_nobody_says_where_they_come_from(edge: EdgeSite) -> None:
    edge.echo.calls.clear()
    edge.echo.events.clear()
    answer = edge.caller("preparer").call("GET", "/v1/requests", headers=CLAIMED)
    assert answer.status_code == 200
    (seen,) = edge.echo.calls
    assert not {name.lower() for name in CLAIMED} & set(seen["headers"])
    assert edge.http.get("/v1/requests", headers=CLAIMED).status_code == 401
    wait_until(lambda: bool(denials(edge, "unauthenticated/missing")))
    (denied,) = denials(edge, "unauthenticated/missing")
    assert denied["personal"]["address"] == "127.0.0.1"


def test_49_only_tls_1_3_is_spoken(edge: EdgeSite) -> None:
    context = ssl.create_default_context(cafile=str(edge.node.certificates.ca))
    with edge.connect(context) as wire:
        assert wire.version() == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, OSError)), edge.connect(context):
        pass


def test_http_1_1_is_all_that_is_offered(edge: EdgeSite) -> None:
    context = ssl.create_default_context(cafile=str(edge.node.certificates.ca))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with edge.connect(context) as wire:
        assert wire.selected_alpn_protocol() in {None, "http/1.1"}


def test_plain_http_is_not_answered(edge: EdgeSite) -> None:
    with socket.create_connection(("127.0.0.1", edge.ports[0]), 20) as wire:
        wire.sendall(head(edge, b"GET /healthz"))
        try:
            answer = wire.recv(100)
        except ConnectionError:
            answer = b""
    assert b" 200 " not in answer


SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nX: "
# A proxy may write anew what can be read in one way only; it must not pass on two readings.
PROBES: dict[str, tuple[bytes, set[bytes]]] = {
    "length and chunks": (
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        {b"400", b"405"},
    ),
    "two lengths": (b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {b"400"}),
    "signed length": (b"Content-Length: +1\r\n\r\na", {b"400"}),
    "bad chunk": (
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n",
        {b"400", b"405", b"502"},
    ),
    "space before colon": (b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", {b"400"}),
    "unknown coding": (b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {b"400", b"501"}),
    "compressed chunks": (b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {b"400", b"501"}),
    "compressed body": (b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", {b"415"}),
    "two hosts": (b"Host: evil.example\r\n\r\n", {b"400"}),
    "folded": (b"X: a\r\n b\r\n\r\n", {b"400", b"405"}),
    "NUL": (b"X: a\0b\r\n\r\n", {b"400"}),
    "a trailer": (
        b"Transfer-Encoding: chunked\r\nTrailer: X-Real-Ip\r\n\r\n0\r\nX-Real-Ip: 6.6.6.6\r\n\r\n",
        {b"400", b"405"},
    ),
    "40 KB header": (b"X: " + b"y" * 40_000 + b"\r\n\r\n", {b"431", b"closed"}),
    "100 headers": (b"X: y\r\n" * 100 + b"\r\n", {b"431", b"closed"}),
}


@pytest.mark.parametrize("probe", PROBES)
def test_45_47_no_request_hides_in_another(edge: EdgeSite, probe: str) -> None:
    rest, expected = PROBES[probe]
    answer = edge.raw(head(edge, b"POST /healthz")[:-2] + rest)
    assert status(answer) in expected
    assert answer.count(b"HTTP/1.1 ") <= 1 + answer.count(b"but HTTP/1.1")


@pytest.mark.parametrize(
    ("host", "expected"),
    [(b"evil.example", b"421"), (b"127.0.0.1:1", b"421"), (b"evil/abc?x=", b"4")],
    ids=["foreign", "other port", "a path"],
)
def test_46_only_one_host_is_answered_for(edge: EdgeSite, host: bytes, expected: bytes) -> None:
    request = b"GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n"
    assert status(edge.raw(request)).startswith(expected)


def test_69_a_dropped_upload_leaves_nothing(edge: EdgeSite) -> None:
    edge.echo.calls.clear()
    edge.echo.events.clear()
    path = "/v1/packages/a/items/b/segments/0"
    told = edge.caller("preparer").headers("PUT", path)
    lines = [f"{name}: {value}".encode() for name, value in told.items()]
    lines += [b"Content-Length: 1000000", b"Content-Digest: sha-256=:" + b"A" * 43 + b"=:"]
    with edge.connect() as wire:
        wire.sendall(head(edge, b"PUT " + path.encode(), *lines) + b"x" * 500_000)
        time.sleep(0.2)
    wait_until(lambda: len(denials(edge, "caller-went-away")) == 1)
    assert not edge.echo.calls
    assert "Traceback" not in edge.log()


@pytest.mark.parametrize("path", [b"/oauth/token", b"/oauth/revoke"])
def test_who_leaves_while_asking_for_a_token_is_on_record(edge: EdgeSite, path: bytes) -> None:
    edge.echo.events.clear()
    with edge.connect() as wire:
        wire.sendall(head(edge, b"POST " + path, b"Content-Length: 16000") + b"a")
        time.sleep(0.2)
    wait_until(lambda: len(denials(edge, "caller-went-away")) == 1)
    assert "Traceback" not in edge.log()


def test_what_the_edge_refuses_is_recorded(edge: EdgeSite) -> None:
    """The proxy refuses what is no HTTP by itself; what comes through to us is counted by us."""
    edge.echo.events.clear()
    for _ in range(3):
        assert status(edge.raw(head(edge, b"GET /healthz", *[b"X: y"] * 100))) == b"431"
    answer = edge.caller("ops").call("GET", "/v1/ops/health").json()["gateway"]["edge"]
    assert answer["level"] == "green"
    assert answer["tls"] == {EMBEDDED: "own", CADDY: "proxy"}[edge.kind]


def test_a_new_certificate_is_shown_without_a_restart(edge: EdgeSite) -> None:
    """Last in this file: the certificate of an authority that the other tests do not know."""
    used, new = edge.node.certificates, make_certificates(edge.folder / "renewed")
    new.key.replace(used.key)
    new.certificate.replace(used.certificate)
    following = edge.gateways[0] if edge.proxy is None else edge.proxy
    if edge.proxy is None:
        following.send_signal(signal.SIGHUP)  # the proxy looks by itself
    context = ssl.create_default_context(cafile=str(new.ca))

    def shown() -> bool:
        try:
            with edge.connect(context):
                return True
        except ssl.SSLError:
            return False

    wait_until(shown)
    assert following.poll() is None
