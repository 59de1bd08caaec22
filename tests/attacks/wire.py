"""Rows 45 to 54: bytes that no library would send, and calls past the door."""

import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from shared.protocol.digests import content_digest
from tests.attacks.stage import PATH, Stage, ahead, said, status_of
from tests.attacks.table import Attack, rows
from tests.edges import EMBEDDED
from tests.service.gateway.calling import inside
from tests.service.gateway.sockets import make_certificates

CLOSE = "Connection: close\r\n"
GONE = "closed or refused"
PATIENCE = 90  # seconds; the rest of a body that was answered already is awaited for 60
REFUSALS = {"closed", "400", "413", "414", "431"}


def _post(lines: str, body: str = "") -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        head = f"POST /healthz HTTP/1.1\r\n{lines.replace('HOST', stage.host)}\r\n"
        return stage.raw(head.encode() + body.encode())

    return act


def _get(target: str, lines: str = f"Host: HOST\r\n{CLOSE}") -> Callable[[Stage], str]:
    return lambda stage: stage.raw(
        f"GET {target} HTTP/1.1\r\n{lines.replace('HOST', stage.host)}\r\n".encode()
    )


def _gone(act: Callable[[Stage], str]) -> Callable[[Stage], str]:
    def refused(stage: Stage) -> str:
        came = act(stage)
        # Where the gateway behind it cuts the connection, a proxy says 502.
        refusals = REFUSALS if stage.edge == EMBEDDED else {*REFUSALS, "502"}
        return GONE if came in refusals else came

    return refused


HOST = "Host: HOST\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


def _dripped(pieces: list[bytes], pause: float) -> Callable[[Stage], bool]:
    """Send a piece and wait, again and again; tell whether the connection was closed on us."""

    def act(stage: Stage) -> bool:
        deadline = time.monotonic() + PATIENCE
        sent = iter(pieces)
        with stage.connect(pause) as wire:
            while time.monotonic() < deadline:
                try:
                    wire.sendall(next(sent, pieces[-1]) if pieces else b"")
                    if wire.recv(65536) == b"":
                        return True
                except TimeoutError:
                    continue
                except OSError:
                    return True
        return False

    return act


def _upload(stage: Stage) -> bytes:
    path = "/v1/packages/a/items/b/segments/0"
    told = {
        "Host": stage.host,
        "Content-Length": "1000000",
        "Content-Digest": content_digest(bytes(32)),
        **stage.caller().headers("PUT", path),
    }
    lines = [f"PUT {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _slow_loris(stage: Stage) -> str:
    """Four ways to hold a connection for nothing, at the same time."""
    head = f"POST /healthz HTTP/1.1\r\nHost: {stage.host}\r\n".encode()
    # Of a caller who is let in: whoever is refused has the answer at once, and holds no more than
    # a connection of the proxy (deploy/OPERATING.md, the edge).
    whole = _upload(stage)
    forms = {
        "idle": _dripped([], 1),
        "half a line": _dripped([b"POST /hea", b""], 1),
        "dripped headers": _dripped([head, b"X: y\r\n"], 1),
        "dripped body": _dripped([whole, b"a"], 1),
    }
    with ThreadPoolExecutor(len(forms)) as pool:
        closed = list(pool.map(lambda form: form(stage), forms.values()))
    open_ = [name for name, done in zip(forms, closed, strict=True) if not done]
    return ", ".join(open_) or "all closed"


def _handshake(context: ssl.SSLContext, stage: Stage) -> str:
    with socket.create_connection(stage.place, 5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=stage.name) as wire:
                wire.sendall(f"GET /healthz HTTP/1.1\r\nHost: {stage.host}\r\n{CLOSE}\r\n".encode())
                return str(wire.version()) if wire.recv(1) else "refused"
        except OSError:
            return "refused"


def _tls_1_2(stage: Stage) -> str:
    context = ssl.create_default_context(cafile=str(stage.node.certificates.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return _handshake(context, stage)


def _plain(stage: Stage) -> str:
    with socket.create_connection(stage.place, 5) as wire:
        wire.sendall(f"GET /healthz HTTP/1.1\r\nHost: {stage.host}\r\n{CLOSE}\r\n".encode())
        try:
            return GONE if not wire.recv(64).startswith(b"HTTP/1.1 200") else "served"
        except ConnectionError:
            return GONE


def _foreign_certificate(stage: Stage) -> str:
    """A client certificate of the attacker's own making proves nothing: no call is let in by it."""
    made = make_certificates(stage.node.folder / f"stranger-{ahead(0)}-{stage.edge}")
    context = ssl.create_default_context(cafile=str(stage.node.certificates.ca))
    context.load_cert_chain(made.certificate, made.key)
    request = f"GET {PATH} HTTP/1.1\r\nHost: {stage.host}\r\n{CLOSE}\r\n".encode()
    with socket.create_connection(stage.place, 5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=stage.name) as wire:
                wire.sendall(request)
                return status_of(wire.recv(65536))
        except OSError:
            return "401"  # the handshake is refused: as good


PATHS = (
    "/v1/requests/a%2fb",
    "/v1/requests/..",
    "/v1/../v1/requests",
    "//v1/requests",
    "/v1/requests;a=b",
    "/V1/requests",
    "/v1/requests/",
    "/v1/./requests",
    "/oversight/entries",
    "/egress/directory",
    "/entries",
)


def _path(path: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        caller = stage.caller()
        before = len(stage.echo.calls)
        headers = caller.headers("GET", path) | {"Host": stage.host}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        came = stage.raw(f"GET {path} HTTP/1.1\r\n{lines}{CLOSE}\r\n".encode())
        assert len(stage.echo.calls) == before, "it reached a service"
        return "400 or 404" if came in {"400", "404"} else came

    return act


def _method(method: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        answer = stage.caller().http.request(method, PATH)
        assert answer.headers["allow"] == "GET, POST"
        return str(answer.status_code)

    return act


INSIDE = "/egress/directory"


def _inside(**claims: str | int) -> Callable[[Stage], str]:
    """Call the listener inside with an assertion that is for something else."""
    return lambda stage: str(inside(stage.node, "GET", INSIDE, claims=claims).status_code)


def _inside_with(headers: Callable[[Stage], dict[str, str]]) -> Callable[[Stage], str]:
    """Call the listener inside as an attacker who reached the network."""

    def act(stage: Stage) -> str:
        url = f"http://127.0.0.1:{stage.node.internal[1]}{INSIDE}"
        with httpx.Client(trust_env=False, timeout=5) as client:
            return str(client.get(url, headers=headers(stage)).status_code)

    return act


def _as_bearer(stage: Stage) -> dict[str, str]:
    token = stage.caller().token()
    return {"Authorization": f"Bearer {token}", "Txn-Token": token}


OWN_HEADERS = {"Txn-Token": "x.y.z", "X-Client": "urn:x", "X-Role": "approver", "X-Country": "QN"}


def _own_headers(stage: Stage) -> str:
    came = said(stage.caller().call("GET", PATH, headers=OWN_HEADERS))
    inside = {name.lower(): value for name, value in stage.echo.calls[-1]["headers"].items()}
    assert inside["txn-token"] != "x.y.z"
    assert not inside.keys() & {"x-client", "x-role", "x-country", "authorization", "dpop"}
    return came


ROWS: list[Attack[Stage]] = [
    *rows(
        45,
        "400",
        {"two lengths": _post(f"{HOST}Content-Length: 5\r\nContent-Length: 6\r\n", "abcde")},
    ),
    *rows(
        45,
        "400",
        {
            "length and chunks": _post(f"{HOST}{CHUNKED}Content-Length: 5\r\n{CLOSE}", "0\r\n\r\n"),
            "folded header": _post(f"{HOST}X: a\r\n folded\r\n{CLOSE}"),
            "bare LF": lambda s: s.raw(
                f"GET /healthz HTTP/1.1\nHost: {s.host}\n{CLOSE}\n".encode()
            ),
        },
        behind="405 200",
    ),
    *rows(
        45,
        GONE,
        {
            "bad chunk": _gone(_post(f"{HOST}{CHUNKED}", "xyz\r\nabc\r\n0\r\n\r\n")),
            "signed length": _gone(_post(f"{HOST}Content-Length: +4\r\n", "abcd")),
            "blank before the colon": _gone(
                _post(f"{HOST}Transfer-Encoding : chunked\r\n", "0\r\n\r\n")
            ),
        },
    ),
    *rows(
        46,
        "400",
        {"two Hosts": _get("/healthz", HOST + HOST + CLOSE), "no Host": _get("/healthz", CLOSE)},
    ),
    *rows(46, "421", {"foreign Host": _get("/healthz", "Host: evil.example\r\n" + CLOSE)}),
    *rows(
        46, "421", {"odd Host": _get("/healthz", "Host: evil/abc?x=\r\n" + CLOSE)}, behind="400 421"
    ),
    *rows(
        47,
        GONE,
        {
            "40 KB header": _gone(_get("/healthz", f"{HOST}{CLOSE}X: {'y' * 40_000}\r\n")),
            "100 headers": _gone(_get("/healthz", HOST + CLOSE + "X: y\r\n" * 100)),
            "40 KB address": _gone(_get("/" + "y" * 40_000)),
        },
    ),
    *rows(48, "all closed", {"slow in four ways": _slow_loris}, slow=True),
    *rows(49, "refused", {"TLS 1.2": _tls_1_2}),
    *rows(49, GONE, {"no TLS": _plain}),
    *rows(49, "401", {"certificate of another CA": _foreign_certificate}),
    *rows(50, "400 or 404", {path.replace("/", "|"): _path(path) for path in PATHS}),
    *rows(51, "405", {method: _method(method) for method in ("TRACE", "OPTIONS", "PUT")}),
    *rows(
        52,
        "401",
        {
            "without": _inside_with(lambda _: {}),
            "expired": _inside(iat=1, exp=31),
            "other aud": _inside(aud="audit"),
            "other path": _inside(path="/egress/QN/heads"),
            "other query": _inside(query="x"),
            "other method": _inside(htm="POST"),
            "other body": _inside(body="x" * 43),
            "in the gateway's name": _inside(iss="gateway"),
        },
        keys=True,
    ),
    *rows(53, "200", {"own headers": _own_headers}),
    *rows(54, "401", {"a token": _inside_with(_as_bearer)}, keys=True),
]
