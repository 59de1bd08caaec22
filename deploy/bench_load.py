"""The caller while the gateway is measured: what costs the caller is made before the clock runs."""

import http.client
import mmap
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode, urlsplit

from client.clock import utc_now
from client.profiles import read_json
from services.gateway.issuing import ASSERTION_TYPE, FORM, GRANT, TOKEN_PATH
from shared.protocol import canonical, dpop, jose, tokens
from shared.protocol.digests import content_digest, sha256

CHUNK = 2**20
SEGMENT = 16 * 2**20
OK = 200

Headers = Mapping[str, str]


class RefusedError(Exception):
    """The gateway does not take what is to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, ready to be sent."""

    method: str
    path: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server over TLS."""

    url: str
    context: ssl.SSLContext

    def connect(self) -> http.client.HTTPSConnection:
        """Open a connection."""
        place = urlsplit(self.url).netloc
        made = http.client.HTTPSConnection(place, context=self.context, blocksize=CHUNK, timeout=60)
        made.connect()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client of the gateway that is measured."""

    target: Target
    client_id: str
    officer: str
    key: jose.Jwk
    proof_key: jose.Jwk

    @classmethod
    def of(cls, lab: Path, country: str, role: str) -> "Client":
        """Take a client of a laboratory."""
        described = canonical.read(lab.read_bytes())

        def told(*names: str) -> str:
            return _text(described, ("nodes", country, *names))

        context = ssl.create_default_context(cafile=told("ca"))
        return cls(
            target=Target(url=told("gateway"), context=context),
            client_id=told("clients", role, "client_id"),
            officer=f"{country}-{role}",
            key=read_json(Path(told("clients", role, "key"))),
            proof_key=jose.generate(),
        )

    def token_call(self) -> Call:
        """Return a request for a token."""
        assertion = tokens.sign_assertion(
            self.key, client_id=self.client_id, issuer=self.target.url, now=utc_now()
        )
        form = {
            "grant_type": GRANT,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        headers = {"Content-Type": FORM, "DPoP": self._proof("POST", TOKEN_PATH, None)}
        return Call(method="POST", path=TOKEN_PATH, headers=headers, body=urlencode(form).encode())

    def token(self) -> str:
        """Get a token."""
        connection = self.target.connect()
        answer = canonical.read(send(connection, self.token_call()))
        connection.close()
        assert isinstance(answer, dict)
        return str(answer["access_token"])

    def call(self, method: str, path: str, token: str, body: bytes = b"") -> Call:
        """Return an authenticated call."""
        headers = {
            "Authorization": f"DPoP {token}",
            "DPoP": self._proof(method, path, token),
            "X-Officer": self.officer,
        }
        if body:
            headers["Content-Digest"] = content_digest(sha256(body))
        return Call(method=method, path=path, headers=headers, body=body)

    def _proof(self, method: str, path: str, token: str | None) -> str:
        return dpop.sign_proof(
            self.proof_key,
            method=method,
            url=self.target.url + path,
            now=utc_now(),
            access_token=token,
        )


def _text(value: canonical.Json, names: Sequence[str]) -> str:
    for name in names:
        assert isinstance(value, dict)
        value = value[name]
    return str(value)


def send(connection: http.client.HTTPSConnection, call: Call) -> bytes:
    """Send a call and return the answer's body, the last chunk of a large one."""
    connection.request(call.method, call.path, body=call.body or None, headers=dict(call.headers))
    answer = connection.getresponse()
    size = int(answer.headers["content-length"])
    if answer.status != OK:
        raise RefusedError(f"{call.path}: {answer.status} {answer.read()[:500]!r}")
    if size <= CHUNK:
        return answer.read()
    buffer = mmap.mmap(-1, CHUNK)
    while size > 0:
        size -= answer.readinto(buffer)
    return b""


def run(target: Target, calls: Sequence[Call], threads: int = 1) -> list[float]:
    """Send the calls over as many connections; return the seconds that each took."""
    shares = [calls[number::threads] for number in range(threads)]
    connections = [target.connect() for _ in shares]

    def share(number: int) -> list[float]:
        return [_timed(connections[number], call) for call in shares[number]]

    with ThreadPoolExecutor(threads) as pool:
        seconds = [each for part in pool.map(share, range(threads)) for each in part]
    for connection in connections:
        connection.close()
    return seconds


def _timed(connection: http.client.HTTPSConnection, call: Call) -> float:
    began = perf_counter()
    send(connection, call)
    return perf_counter() - began


def lasting(act: Callable[[], object]) -> float:
    """Return the seconds that something took."""
    began = perf_counter()
    act()
    return perf_counter() - began


def close(connections: Iterable[http.client.HTTPSConnection]) -> None:
    """Close them all."""
    for connection in connections:
        connection.close()
