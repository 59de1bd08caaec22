"""A gateway over real TLS that says what a test wants, and loses what a test wants lost."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from client.clock import utc_now
from client.profiles import Profile
from deploy import certificates
from shared.protocol import dpop, jose, tokens
from shared.protocol.canonical import encode, parse
from shared.protocol.digests import content_digest, sha256
from shared.protocol.keys import OfficerKey

CLIENT = "urn:rogatory:QM:preparer"
OFFICER = "QM-preparer"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> object:
        return parse(self.body)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes out; `cut` bytes of the body are announced and never sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0


def answer(value: object, status: int = 200) -> Answer:
    return Answer(status=status, body=encode(value), headers={"Content-Type": "application/json"})


def octets(content: bytes) -> Answer:
    return Answer(body=content, headers={"Content-Digest": content_digest(sha256(content))})


def problem(status: int, code: str, **members: str) -> Answer:
    return answer({"code": code, "status": status, "title": "Refused", **members}, status)


class Fault(Enum):
    """What can happen to a call."""

    LOSE_REQUEST = auto()
    LOSE_ANSWER = auto()
    PASS = auto()


Route = Callable[[Call], Answer]


@dataclass(kw_only=True)
class Gateway:
    """Routes, and faults: what happens to the next calls instead; PASS is nothing out of the ordinary."""

    folder: Path
    url: str = ""
    routes: dict[str, Route | Answer] = field(default_factory=dict)
    fallback: Route | None = None
    faults: list[Answer | Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    key: jose.Claims = field(default_factory=jose.generate)
    dpop_key: jose.Claims = field(default_factory=jose.generate)
    scope: str = "requests:read"
    life: int = 300
    issued: int = 0
    date: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def profile(self, **changes: object) -> Profile:
        officer = self.folder / "officer.key"
        if not officer.exists():
            self._write_keys(officer)
        members: dict[str, object] = {
            "name": "test",
            "gateway": self.url,
            "ca": self.folder / "ca.pem",
            "client_id": CLIENT,
            "key": self.folder / "client.jwk",
            "dpop_key": self.folder / "dpop.jwk",
            "officer": OFFICER,
            "officer_key": officer,
        }
        return Profile(**{**members, **changes})  # type: ignore[arg-type]

    def _write_keys(self, officer: Path) -> None:
        contents = {
            officer: OfficerKey.generate().to_bytes(),
            self.folder / "client.jwk": encode(self.key),
            self.folder / "dpop.jwk": encode(self.dpop_key),
        }
        for path, content in contents.items():
            path.write_bytes(content)
            path.chmod(0o600)

    def find(self, call: Call) -> Answer:
        fault = self._fault(call)
        if isinstance(fault, Answer):
            return fault
        if fault is Fault.LOSE_REQUEST:
            raise ConnectionError
        said = self._route(call)
        if fault is Fault.LOSE_ANSWER:
            raise ConnectionError
        return said

    def _fault(self, call: Call) -> Answer | Fault:
        with self.lock:
            plain = call.path.startswith(("/oauth", "/.well-known"))
            return Fault.PASS if plain or not self.faults else self.faults.pop(0)

    def _route(self, call: Call) -> Answer:
        route = self.routes.get(f"{call.method} {call.path}")
        if route is None and self.fallback is not None:
            return self.fallback(call)
        if route is None:
            return problem(404, "not_found", detail="There is nothing at this address.")
        return route if isinstance(route, Answer) else route(call)

    def metadata(self, _call: Call) -> Answer:
        return answer({"issuer": self.url, "token_endpoint": self.url + "/oauth/token"})

    def token(self, call: Call) -> Answer:
        """Check assertion and proof as a gateway does, and count the tokens."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        now = utc_now()
        tokens.verify_assertion(
            form["client_assertion"],
            [jose.public_part(self.key)],
            client_id=CLIENT,
            issuer=self.url,
            now=now,
        )
        dpop.verify_proof(call.headers["DPoP"], method="POST", url=self.url + call.path, now=now)
        self.issued += 1
        granted = {"access_token": f"token-{self.issued}", "expires_in": self.life}
        return answer({**granted, "token_type": "DPoP", "scope": self.scope})


@contextmanager
def serve(folder: Path) -> Iterator[Gateway]:
    """Run a gateway on a free port of the loopback interface."""
    gateway = Gateway(folder=folder)
    authority, server = _certificates()
    (folder / "ca.pem").write_bytes(authority.pem)
    pair = folder / "server.pem"
    pair.write_bytes(server.pem + server.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    listener = _Listener(("127.0.0.1", 0), _handler(gateway))
    listener.socket = context.wrap_socket(
        listener.socket, server_side=True, do_handshake_on_connect=False
    )
    gateway.url = f"https://127.0.0.1:{listener.server_port}"
    gateway.routes |= {
        "GET /.well-known/oauth-authorization-server": gateway.metadata,
        "POST /oauth/token": gateway.token,
    }
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield gateway
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@cache
def _certificates() -> tuple[certificates.Certificate, certificates.Certificate]:
    now = utc_now()
    authority = certificates.tls_authority("Test TLS", now)
    return authority, certificates.server_certificate(authority, ("127.0.0.1",), now)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A lost connection is what some tests are about."""


def _handler(of: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        gateway = of

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer in two writes waits for an ACK, 40 ms
    gateway: Gateway

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        call = Call(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            headers=dict(self.headers.items()),
            body=self.rfile.read(length),
        )
        self.gateway.calls.append(call)
        try:
            self._write(self.gateway.find(call))
        except ConnectionError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - a test shall see what is wrong with it
            self._write(problem(500, "broken_script", detail=repr(error)))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _write(self, said: Answer) -> None:
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body[: len(said.body) - said.cut])
        self.close_connection = self.close_connection or bool(said.cut)

    @override
    def date_time_string(self, timestamp: float | None = None) -> str:
        told = self.gateway.date
        return super().date_time_string(timestamp) if told is None else told

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
