"""Where attacks are played: a node behind one of its edges, and what an attacker can do to it."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from shared.protocol import jose
from tests.edges import EMBEDDED, EdgeSite
from tests.forging import reforge
from tests.service.gateway.calling import Caller, http_client
from tests.service.gateway.echo import Echo
from tests.service.gateway.federation import Node
from tests.service.gateway.sockets import now

TOKEN = "/oauth/token"
REVOKE = "/oauth/revoke"
PATH = "/v1/requests"
QUOTA = "429 quota_exceeded"  # after as many failures from one address as a minute has
READ = 5.0  # seconds to wait for an answer on a bare socket


class Trap(Protocol):
    """An address of the attacker's that nobody may ever fetch from."""

    @property
    def url(self) -> str: ...

    @property
    def visits(self) -> int: ...


@dataclass
class Stage:
    """The node under attack: two workers on one database, behind one edge."""

    site: EdgeSite
    trap: Trap
    callers: dict[str, Caller] = field(default_factory=dict)

    @property
    def edge(self) -> str:
        return self.site.kind

    @property
    def node(self) -> Node:
        return self.site.node

    @property
    def echo(self) -> Echo:
        return self.site.echo

    @property
    def host(self) -> str:
        """What stands in the header Host."""
        return self.node.url.removeprefix("https://")

    @property
    def place(self) -> tuple[str, int]:
        """Where a socket is opened to it."""
        return "127.0.0.1", int(self.host.rpartition(":")[2])

    @property
    def name(self) -> str:
        """The name that its certificate is for."""
        return self.host.rpartition(":")[0]

    def caller(self, role: str = "preparer") -> Caller:
        """A client with a token of its own, the same one each time."""
        return self.callers.setdefault(role, Caller(self.node, role))

    def fresh(self, role: str = "preparer") -> Caller:
        return Caller(self.node, role)

    def workers(self) -> list[httpx.Client]:
        """Clients of each worker; behind a proxy it is the proxy that changes between them."""
        ca = str(self.node.certificates.ca)
        return [http_client(f"https://127.0.0.1:{port}", ca) for port in self._doors()]

    def _doors(self) -> list[int]:
        return self.site.ports if self.edge == EMBEDDED else self.site.ports[:1] * 2

    def ask(self, **changes: str | None) -> str:
        """Ask for a token with a form that is changed."""
        caller = self.caller()
        return said(caller.ask(caller.form(**changes)))

    def assertion(
        self,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        key: jose.Jwk | None = None,
    ) -> str:
        """Ask for a token with an assertion that is changed and signed again."""
        caller = self.caller()
        signer = key or self.node.clients[caller.role]
        text = reforge(signer, caller.assertion(), header=header, claims=claims)
        return self.ask(client_assertion=text)

    def prove(
        self, header: Mapping[str, Any] | None = None, claims: Mapping[str, Any] | None = None
    ) -> str:
        """Ask for a token with a proof that is changed and signed again."""
        caller = self.caller()
        proof = caller.proof("POST", TOKEN)
        return said(
            caller.ask(proof=reforge(caller.proof_key, proof, header=header, claims=claims))
        )

    def send(self, token: str | None, proof: str | None, scheme: str = "DPoP") -> str:
        """Call the API with this token and this proof."""
        headers = {"X-Officer": "QM-preparer"}
        headers |= {"Authorization": f"{scheme} {token}"} if token is not None else {}
        headers |= {"DPoP": proof} if proof is not None else {}
        return said(self.caller().http.get(PATH, headers=headers))

    def raw(self, request: bytes, *, patience: float = READ) -> str:
        """Send bytes as they are; return the status that came back, or `closed`."""
        return status_of(self.exchange(request, patience=patience))

    def exchange(self, request: bytes, *, patience: float = READ) -> bytes:
        """Send bytes as they are; return what came back until the connection was closed."""
        answer = b""
        with self.connect(patience) as wire:
            try:
                wire.sendall(request)
                while chunk := wire.recv(65536):
                    answer += chunk
            except TimeoutError:
                return answer or b"HTTP/1.1 held open"
            except (ConnectionError, ssl.SSLError):
                pass
        return answer

    def gateway_log(self) -> list[bytes]:
        """What both workers wrote, line by line."""
        files = sorted(self.site.folder.glob("gateway-*.log"))
        return [line for file in files for line in file.read_bytes().splitlines()]

    def connect(self, patience: float = READ) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.node.certificates.ca))
        plain = socket.create_connection(self.place, patience)
        return context.wrap_socket(plain, server_hostname=self.name)


def said(answer: httpx.Response) -> str:
    """Say what came back: the status, and the code of a refusal."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers or answer.headers["server"] != "uvicorn"
    if answer.status_code < 400:
        return str(answer.status_code)
    body = answer.json()
    code = str(body["error"] if "error" in body else body["code"])
    assert answer.headers["cache-control"] == "no-store"
    if answer.status_code == 401 and "code" in body and code != "invalid_client":
        assert f'error="{code}"' in answer.headers["www-authenticate"]
    return f"{answer.status_code} {code}"


def status_of(answer: bytes) -> str:
    """Read the status of the first answer on a bare connection."""
    return answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/1.") else "closed"


def ahead(seconds: int) -> int:
    return int(now().timestamp()) + seconds
