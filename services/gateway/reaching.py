"""Step by step to a peer, to say at which step it fails: directory, name, connection, TLS, token.

The first four are taken here one by one; the token is got and used as every delivery does it. That the
exchange behind the peer's gateway also answers is shown by a self-test entry (the exchange sends it).
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from urllib3.util import parse_url

from services.gateway.delivery import Delivery
from services.gateway.directory import Directory
from shared.protocol import trust
from shared.runtime import http, outward
from shared.runtime.refusals import BadUpstream, Refusal

OK, FAILED = "ok", "failed"
TIMEOUT = 5.0  # seconds for each step
HEADS = "/peer/v1/heads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way to a peer."""

    name: str
    result: str
    detail: str
    next: str | None = None


class _BrokenError(Exception):
    """This step failed; those behind it are not tried."""

    def __init__(self, *, detail: str, next: str) -> None:  # noqa: A002 - as it is told
        super().__init__(detail)
        self.detail, self.next = detail, next


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """Goes the way to peers."""

    directory: Directory
    delivery: Delivery

    def reach(self, country: str) -> list[Step]:
        """Take every step to a country until one fails.

        Raises:
            NotFound: the directory does not name it.
        """
        return list(self._steps(country))

    def _steps(self, country: str) -> Iterator[Step]:
        member = self.directory.peer(country)
        yield Step(name="directory", result=OK, detail=f"{member.country} is {member.status}")
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("dns", lambda: _resolve(member, self.delivery.reach)),
            ("tcp", lambda: _connect(member)),
            ("tls", lambda: _handshake(member)),
            ("token", lambda: self._token(member)),
        )
        for name, step in steps:
            try:
                yield Step(name=name, result=OK, detail=step())
            except _BrokenError as broken:
                yield Step(name=name, result=FAILED, detail=broken.detail, next=broken.next)
                return

    def _token(self, member: trust.Member) -> str:
        """Get a token there and use it."""
        try:
            answer = self.delivery.call(member.country, "GET", HEADS, headers={}, body=b"")
        except Refusal as refusal:
            raise _BrokenError(
                detail=refusal.detail, next=refusal.next_step or _ask(member)
            ) from refusal
        answer.drain_conn()
        answer.release_conn()
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
            raise _BrokenError(
                detail=f"its gateway knows us, and answers {answer.status}", next=_ask(member)
            )
        return "its gateway gave us a token and took it"


def _place(member: trust.Member) -> tuple[str, int]:
    parts = parse_url(member.gateway)
    return (parts.host or "").strip("[]"), parts.port or 443


def _resolve(member: trust.Member, reach: outward.Reach) -> str:
    host, port = _place(member)
    try:
        found = outward.addresses(host, port, reach)
    except BadUpstream as error:
        raise _BrokenError(detail=error.detail, next=error.next_step or _ask(member)) from error
    except OSError as error:
        raise _BrokenError(
            detail=f"{host} has no address: {error}",
            next="check this node's resolver, then the address in the directory",
        ) from error
    return f"{host} is {', '.join(sorted(found))}"


def _connect(member: trust.Member) -> str:
    host, port = _place(member)
    try:
        with socket.create_connection((host, port), TIMEOUT):
            return f"{host}:{port} takes connections"
    except OSError as error:
        raise _BrokenError(
            detail=f"{host}:{port} takes no connection: {error}",
            next=f"check the firewalls on the way; {_ask(member)}",
        ) from error


def _handshake(member: trust.Member) -> str:
    host, port = _place(member)
    context = http.pinned_context(*member.tls_anchors)
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            return f"{secured.version()}, its certificate is of the anchors in the directory"
    except ssl.SSLError as error:
        raise _BrokenError(
            detail=f"no TLS 1.3 with a certificate that the directory vouches for: {error}",
            next=f"nothing is sent there until its document names its anchors; {_ask(member)}",
        ) from error
    except OSError as error:
        raise _BrokenError(detail=f"the handshake broke off: {error}", next=_ask(member)) from error


def _ask(member: trust.Member) -> str:
    contacts = ", ".join(map(str, member.contacts.values())) or "no contact is in the directory"
    return f"ask the operators of {member.country}: {contacts}"
