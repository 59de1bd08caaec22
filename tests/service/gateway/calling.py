"""A client of a gateway over real TLS, honest unless told otherwise."""

import math
import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from services.gateway.issuing import ASSERTION_TYPE, GRANT
from shared.protocol import dpop, internal, jose, tokens
from shared.runtime.principals import digest
from tests.service.gateway.federation import Node
from tests.service.gateway.sockets import now

_LOCK = threading.RLock()
_CLIENTS: dict[tuple[str, str], httpx.Client] = {}


def http_client(url: str, ca: str) -> httpx.Client:
    """Return the one client of an address: all are kept, since one that is let go of is not closed."""
    with _LOCK:
        if (url, ca) not in _CLIENTS:
            context = ssl.create_default_context(cafile=ca)
            client = httpx.Client(base_url=url, verify=context, trust_env=False, timeout=30)
            _CLIENTS[url, ca] = client
        return _CLIENTS[url, ca]


RENEWAL = 150  # seconds; a token lives for 300, and one caller may live as long as all tests


@dataclass
class Caller:
    """One client of one node, with its proof key."""

    node: Node
    role: str
    proof_key: jose.Jwk = field(default_factory=jose.generate)
    key: jose.Jwk | None = None
    claimed: str | None = None
    held: str | None = None
    renewed: float = math.inf  # when the token that was got is old; a test's own counts as it is
    officer: str | None = None

    @property
    def http(self) -> httpx.Client:
        return http_client(self.node.url, str(self.node.certificates.ca))

    @property
    def client_id(self) -> str:
        return self.claimed or self.node.client_id(self.role)

    def assertion(self, at: datetime | None = None) -> str:
        return tokens.sign_assertion(
            self.key or self.node.clients[self.role],
            client_id=self.client_id,
            issuer=self.node.url,
            now=at or now(),
        )

    def form(self, **changes: str | None) -> dict[str, str]:
        form: dict[str, str | None] = {
            "grant_type": GRANT,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(),
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}

    def proof(self, method: str, path: str, **given: Any) -> str:  # noqa: ANN401 - passed on
        arguments = {"now": now(), **given}
        url = self.node.url + path.partition("?")[0]
        return dpop.sign_proof(self.proof_key, method=method, url=url, **arguments)

    def ask(
        self,
        form: dict[str, str] | None = None,
        proof: str | None = None,
        **given: Any,  # noqa: ANN401
    ) -> httpx.Response:
        """Ask for a token."""
        headers = {"DPoP": self.proof("POST", "/oauth/token") if proof is None else proof}
        return self.http.post(
            "/oauth/token", data=self.form() if form is None else form, headers=headers, **given
        )

    def token(self) -> str:
        with _LOCK:
            if self.held is None or time.monotonic() > self.renewed:
                answer = self.ask()
                assert answer.status_code == 200, answer.text
                self.held = str(answer.json()["access_token"])
                self.renewed = time.monotonic() + RENEWAL
            return self.held

    def headers(self, method: str, path: str, token: str | None = None) -> dict[str, str]:
        token = token or self.token()
        proof = self.proof(method, path, access_token=token)
        officer = self.officer or f"{self.node.country}-{self.role}"
        return {"Authorization": f"DPoP {token}", "DPoP": proof, "X-Officer": officer}

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:  # noqa: ANN401
        headers = {**self.headers(method, path), **given.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **given)


def inside(
    node: Node,
    method: str,
    path: str,
    *,
    caller: str = "exchange",
    claims: dict[str, Any] | None = None,
    **given: Any,  # noqa: ANN401
) -> httpx.Response:
    """Call the gateway's internal listener as one of the node's services."""
    at = int(now().timestamp())
    told = {
        "iss": caller,
        "aud": "gateway",
        **internal.bound(method, path, digest(given.get("content", b""))),
        "iat": at,
        "exp": at + 30,
        "jti": tokens.new_jti(),
        **(claims or {}),
    }
    token = internal.sign(node.internal_keys[caller], told)
    url = f"http://127.0.0.1:{node.internal[1]}{path}"
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.request(method, url, headers={"Txn-Token": token}, **given)
