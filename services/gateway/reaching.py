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
from shared.runtime import deadline, http, outward
from shared.runtime.refusals import Refusal

OK, FAILED = "ok", "failed"
TIMEOUT = 5.0  # seconds for each step
HEADS = "/peer/v1/heads"
SERVED = 200


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
class _Way:
    """Where a peer is, and which of its addresses was judged fit to be reached."""

    member: trust.Member
    host: str
    port: int
    addresses: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """Goes the way to peers."""

    directory: Directory
    delivery: Delivery

    def walk(self, country: str) -> list[Step]:
        """Take every step to a country until one fails.

        Raises:
            NotFound: the directory does not name it.
        """
        return list(self._steps(country))

    def _steps(self, country: str) -> Iterator[Step]:
        member = self.directory.peer(country)
        yield Step(name="directory", result=OK, detail=f"{member.country} is {member.status}")
        host, port = _place(member)
        way = _Way(member=member, host=host, port=port, addresses=[])
        steps: tuple[tuple[str, Callable[[_Way], str]], ...] = (
            ("dns", self._resolve),
            ("tcp", _connect),
            ("tls", _handshake),
            ("token", self._token),
        )
        for name, step in steps:
            try:
                yield Step(name=name, result=OK, detail=step(way))
            except _BrokenError as broken:
                yield Step(name=name, result=FAILED, detail=broken.detail, next=broken.next)
                return

    def _resolve(self, way: _Way) -> str:
        """Ask for the addresses, and judge them as every delivery does."""
        try:
            way.addresses.extend(outward.addresses(way.host, way.port, self.delivery.reach))
        except OSError as error:
            raise _BrokenError(
                detail=f"{way.host} has no address: {error}",
                next="check this node's resolver, then the address in the directory",
            ) from error
        except Refusal as refusal:
            raise _told(refusal, way) from refusal
        return f"{way.host} is {', '.join(way.addresses)}"

    def _token(self, way: _Way) -> str:
        """Get a token there and use it."""
        try:
            answer = self.delivery.call(way.member.country, "GET", HEADS, headers={}, body=b"")
        except Refusal as refusal:
            raise _told(refusal, way) from refusal
        answer.close()
        if answer.status != SERVED:
            raise _BrokenError(
                detail=f"its gateway knows us, and answers {answer.status}", next=_ask(way)
            )
        return "its gateway gave us a token and took it"


def _place(member: trust.Member) -> tuple[str, int]:
    parts = parse_url(member.gateway)
    return (parts.host or "").strip("[]"), parts.port or 443


def _connect(way: _Way) -> str:
    try:
        with socket.create_connection((way.addresses[0], way.port), TIMEOUT):
            return f"{way.addresses[0]}:{way.port} takes connections"
    except OSError as error:
        raise _BrokenError(
            detail=f"{way.addresses[0]}:{way.port} takes no connection: {error}",
            next=f"check the firewalls on the way; {_ask(way)}",
        ) from error


def _handshake(way: _Way) -> str:
    context = http.pinned_context(*way.member.tls_anchors)
    try:
        with (
            deadline.within(TIMEOUT),
            socket.create_connection((way.addresses[0], way.port), TIMEOUT) as plain,
        ):
            deadline.watch(plain)
            with context.wrap_socket(plain, server_hostname=way.host) as secured:
                return f"{secured.version()}, its certificate is of the anchors in the directory"
    except deadline.OverdueError as error:
        raise _BrokenError(detail="the handshake takes too long", next=_ask(way)) from error
    except ssl.SSLError as error:
        raise _BrokenError(
            detail=f"no TLS 1.3 with a certificate that the directory vouches for: {error}",
            next=f"nothing is sent there until its document names its anchors; {_ask(way)}",
        ) from error
    except OSError as error:
        raise _BrokenError(detail=f"the handshake broke off: {error}", next=_ask(way)) from error


def _told(refusal: Refusal, way: _Way) -> _BrokenError:
    return _BrokenError(detail=refusal.detail, next=refusal.next_step or _ask(way))


def _ask(way: _Way) -> str:
    contacts = ", ".join(map(str, way.member.contacts.values())) or "the directory names no contact"
    return f"ask the operators of {way.member.country}: {contacts}"
