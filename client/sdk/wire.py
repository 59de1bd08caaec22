"""One gateway over TLS 1.3, trusted by the anchors of the profile alone; lost calls are repeated.

Told to wait (429, or 503 with `Retry-After`), nothing was done: any call is sent again, after as long
as it says and a little more, so that not all come back at once. Without an answer, something may have
been done: then only a call is repeated whose second arrival changes nothing, GET, PUT, DELETE and what
has an `Idempotency-Key`. After another lost POST the caller must look at the state first.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import SystemRandom
from time import sleep
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util import parse_url

from client.errors import AccessError, UnavailableError, UsageError

CONNECT_TIMEOUT: Final = 5.0  # seconds
READ_TIMEOUT: Final = 120.0  # seconds between two arrivals of bytes
BLOCK: Final = 2**20  # bytes a read; small ones cost a factor on bulk bodies
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE"})
AWAY: Final = frozenset({502, 503, 504})
"""Statuses that say: somebody behind did not answer."""
PAUSES: Final = (0.2, 1.0, 3.0)  # seconds before the second, third and fourth attempt
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_CONFLICT: Final = 409  # with Retry-After: the same call, sent before, is still under way
PATIENCE: Final = {_TOO_MANY: 150.0, _UNAVAILABLE: 60.0, _CONFLICT: 60.0}
"""Seconds that a call lets itself be told to wait, in all: a quota is of a minute."""
_SPREAD: Final = 0.1  # of a pause, drawn anew each time and added to it
_RANDOM: Final = SystemRandom()

Body = bytes | Callable[[], Iterable[bytes]] | None
"""A body, or what begins one anew for every attempt (its Content-Length stands in the headers)."""
Headers = Mapping[str, str]


def pinned_context(ca: Path) -> ssl.SSLContext:
    """Make a TLS 1.3 context that trusts the certificates of one PEM file and nothing else.

    Raises:
        UsageError: the file cannot be read or holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{ca} holds no certificates to trust", code="bad_ca") from error
    return context


@dataclass(slots=True, kw_only=True)
class Wire:
    """Connections to one gateway; safe to use from several threads."""

    url: str
    pool: urllib3.HTTPSConnectionPool
    pauses: tuple[float, ...] = PAUSES
    pause: Callable[[float], None] = field(default=sleep)

    def send(
        self, method: str, path: str, *, headers: Callable[[], Headers], body: Body = None
    ) -> urllib3.BaseHTTPResponse:
        """Make one call and give its answer, whatever its status; the body is not read yet.

        Args:
            method: in capitals.
            path: with the query.
            headers: makes the headers anew for each attempt (a proof of possession is used once).
            body: what to send.

        Raises:
            UnavailableError: no answer after all attempts.
            AccessError: the gateway's certificate is not vouched for.
        """
        pauses, waited = list(self.pauses), 0.0
        while True:
            sent = headers()
            repeatable = method in IDEMPOTENT or IDEMPOTENCY_KEY in sent
            try:
                answer = self._attempt(method, path, sent, body)
            except (HTTPError, OSError) as error:
                if isinstance(error, SSLError) and "CERTIFICATE" in str(error):
                    raise _not_trusted(self.url, error) from error
                if not (repeatable and pauses):
                    raise unanswered(self.url, error) from error
                seconds = pauses.pop(0)
            else:
                told = _told_to_wait(answer)
                if told is not None and waited + told <= PATIENCE[answer.status]:
                    seconds = told
                    waited += told
                elif told is None and answer.status in AWAY and repeatable and pauses:
                    seconds = pauses.pop(0)
                else:
                    return answer
                answer.drain_conn()
            self.pause(seconds * (1 + _SPREAD * _RANDOM.random()))

    def _attempt(
        self, method: str, path: str, headers: Headers, body: Body
    ) -> urllib3.BaseHTTPResponse:
        return self.pool.urlopen(
            method,
            path,
            body=body() if callable(body) else body,
            headers=dict(headers),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )


def open_wire(url: str, context: ssl.SSLContext, *, connections: int = 4) -> Wire:
    """Prepare connections to a gateway; nothing is sent yet.

    Raises:
        UsageError: the address is not `https://host[:port]`.
    """
    parts = parse_url(url)
    if parts.scheme != "https" or not parts.host or parts.path or parts.query or parts.fragment:
        raise UsageError(
            f"{url} is not the address of a gateway",
            code="bad_gateway",
            next_step="write it as https://host[:port], without a path",
        )
    pool = urllib3.HTTPSConnectionPool(
        parts.host,
        parts.port,
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        maxsize=connections,
        blocksize=BLOCK,
        ssl_context=context,
    )
    return Wire(url=url, pool=pool)


def _told_to_wait(answer: urllib3.BaseHTTPResponse) -> float | None:
    """Return the seconds after which the same call may be sent again, if nothing was done with it."""
    seconds = answer.headers.get("Retry-After", "")
    if answer.status == _TOO_MANY:
        return float(seconds) if seconds.isdecimal() else 1.0
    if answer.status in {_UNAVAILABLE, _CONFLICT} and seconds.isdecimal():
        return float(seconds)
    return None


def unanswered(url: str, error: Exception) -> UnavailableError:
    """Say that an address gave no answer; the cause is named in words."""
    return UnavailableError(
        f"{url} did not answer: {error}",
        code="unanswered",
        next_step="try again; what was acknowledged is kept, and an upload goes on where it stopped",
    )


def _not_trusted(url: str, error: Exception) -> AccessError:
    return AccessError(
        f"the certificate of {url} is not vouched for by the profile's CA file: {error}",
        code="gateway_not_trusted",
        next_step="ask the operators of the gateway for its CA file; do not go on without it",
    )
