"""Where a request came from: as the socket says, or as our own proxy says over its Unix socket.

A header says nothing on a socket that anyone can reach, so there all that claim an origin are dropped
before an app sees them. Behind the proxy two of them are believed, for nobody else can write to
its socket: `X-Real-Ip`, and `Client-Cert` (RFC 9440), which the proxy overwrites in every request.
"""

import base64
import binascii
import contextlib
import ipaddress
import re

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.runtime import problems
from shared.runtime.refusals import Malformed

REAL_IP, CERTIFICATE = b"x-real-ip", b"client-cert"
# Without the proxy they are lies; with it the gateway has no use for the other ones.
CLAIMS = frozenset({REAL_IP, CERTIFICATE, b"client-cert-chain", b"forwarded", b"via"})
CLAIMED = b"x-forwarded-"
STATE = "client_certificate"  # in scope["state"]: DER, there only if the caller showed one
MAX_CERTIFICATE = 8 * 2**10  # bytes
_BYTES = re.compile(rb":[A-Za-z0-9+/]+={0,2}:")


class Direct:
    """A layer for a listener that anyone can reach: nothing claimed is passed on."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            scope = {**scope, "headers": _unclaimed(scope)}
        await self._app(scope, receive, send)


class BehindProxy:
    """A layer for the proxy's socket: the caller is who the proxy says it is."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                scope = _told_by_proxy(scope)
            except Malformed as refusal:
                await problems.problem(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _told_by_proxy(scope: Scope) -> Scope:
    state = scope.setdefault("state", {})
    certificate = _certificate(_values(scope, CERTIFICATE))
    if certificate is not None:
        state[STATE] = certificate
    return {
        **scope,
        "scheme": "https",
        "client": (_address(_values(scope, REAL_IP)), 0),
        "headers": _unclaimed(scope),
    }


def _address(given: list[bytes]) -> str:
    try:
        (text,) = given
        return str(ipaddress.ip_address(text.decode("ascii")))
    except ValueError as error:
        raise _misconfigured("X-Real-Ip does not hold the one address of the caller.") from error


def _certificate(given: list[bytes]) -> bytes | None:
    """Read an RFC 9440 field: a byte sequence of RFC 8941; an empty one says that there is none."""
    if not given or given == [b"::"]:
        return None
    # The pattern is the whole grammar, so that no decoder's leniency matters.
    if len(given) == 1 and len(given[0]) <= MAX_CERTIFICATE and _BYTES.fullmatch(given[0]):
        with contextlib.suppress(binascii.Error):
            return base64.b64decode(given[0][1:-1], validate=True)
    raise _misconfigured("Client-Cert does not hold one certificate (RFC 9440).")


def _misconfigured(detail: str) -> Malformed:
    return Malformed(
        "proxy_misconfigured",
        detail,
        next_step="The operators must set the proxy up as in deploy/Caddyfile.",
    )


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]


def _unclaimed(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [
        (name, value)
        for name, value in scope["headers"]
        if name not in CLAIMS and not name.startswith(CLAIMED)
    ]
