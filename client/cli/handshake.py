"""What a connection to the gateway agrees on: TLS version, cipher, key exchange, days of its certificate.

Two handshakes. Python's own decides whether calls are safe. The second, by the OpenSSL that comes with
the package `cryptography`, only tells what the gateway can do: Python's own may be too old to ask for
the hybrid key exchange, or to say what was agreed on.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from OpenSSL import SSL
from urllib3.util import parse_url

from client.cli.findings import Finding, away, failed, fine, warned
from client.clock import Clock
from client.errors import AccessError, UnavailableError
from client.profiles import Profile
from client.sdk.wire import pinned_context

TIMEOUT: Final = 5.0  # seconds
SOON: Final = 14  # days before its end at which a certificate should be renewed
HYBRID: Final = (
    "X25519MLKEM768"  # draft-ietf-tls-ecdhe-mlkem: safe against a later quantum computer
)
NEEDED: Final = (3, 5)  # OpenSSL that has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What Python and the gateway agreed on, and the certificate that was shown."""

    version: str
    cipher: str
    until: datetime


def examine(profile: Profile, clock: Clock) -> list[Finding]:
    """Connect, and say what came of it: TLS, the key exchange, the days left of the certificate."""
    try:
        agreed = _handshake(profile)
    except (AccessError, UnavailableError) as error:
        return [failed("tls", error)]
    told = fine("tls", f"{agreed.version}, {agreed.cipher}")
    return [told, _key_exchange(profile), certificate("gateway", agreed.until, clock())]


def certificate(name: str, until: datetime, now: datetime) -> Finding:
    """Say how long a certificate holds."""
    name, days = f"certificate {name}", (until - now).days
    told = f"ends {until:%Y-%m-%d}, {days} days left"
    if until <= now:
        return away(name, told, "install a new certificate; it counts without a restart")
    if days < SOON:
        return warned(name, told, "renew it now; a new file counts without a restart")
    return fine(name, told)


def _handshake(profile: Profile) -> Agreed:
    host, port = _place(profile)
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            pinned_context(profile.ca).wrap_socket(plain, server_hostname=host) as secured,
        ):
            shown = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
            cipher = secured.cipher()
            return Agreed(
                version=str(secured.version()),
                cipher=cipher[0] if cipher else "?",
                until=shown.not_valid_after_utc,
            )
    except ssl.SSLError as error:
        raise AccessError(
            f"no TLS 1.3 with a certificate that the profile's CA file vouches for: {error}",
            code="gateway_not_trusted",
            next_step="ask the operators of the gateway for its CA file",
        ) from error
    except OSError as error:
        raise UnavailableError(
            f"{profile.gateway} cannot be reached: {error}",
            code="unanswered",
            next_step="is the address right, and does the gateway run?",
        ) from error


def _key_exchange(profile: Profile) -> Finding:
    name, group = "key exchange", _group(profile)
    if group.upper() != HYBRID.upper():
        return warned(
            name,
            f"{group or 'unknown'}: not safe against a later quantum computer",
            "run the gateway on OpenSSL 3.5 or newer, or behind the Caddy of the Compose file",
        )
    if ssl.OPENSSL_VERSION_INFO < NEEDED:
        return warned(
            name,
            f"the gateway has {HYBRID}; calls from here do not, by {ssl.OPENSSL_VERSION}",
            "run this client on a Python with OpenSSL 3.5 or newer",
        )
    return fine(name, f"{HYBRID}, safe against a later quantum computer")


def _group(profile: Profile) -> str:
    """Ask which group the gateway takes of all that there are; empty where it cannot be told."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    # Nothing is sent or believed on this connection: the first handshake checked the certificate.
    context.set_verify(SSL.VERIFY_NONE)
    with suppress(OSError, SSL.Error), _connected(profile) as plain:
        connection = SSL.Connection(context, plain)
        connection.set_tlsext_host_name(_place(profile)[0].encode())
        connection.set_connect_state()
        connection.do_handshake()
        return connection.get_group_name() or ""
    return ""


@contextmanager
def _connected(profile: Profile) -> Iterator[socket.socket]:
    with socket.create_connection(_place(profile), TIMEOUT) as plain:
        plain.settimeout(None)  # a time-out makes it non-blocking, which OpenSSL is not told of
        yield plain


def _place(profile: Profile) -> tuple[str, int]:
    parts = parse_url(profile.gateway)
    return (parts.host or "").strip("[]"), parts.port or 443
