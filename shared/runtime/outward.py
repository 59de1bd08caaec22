"""The way out of a node: to an address that a signed document or the operator's file names, and no other.

A name is resolved once, every address it has is judged, and the connection is made to the address that
was judged: a resolver that answers otherwise the next time changes nothing. Never reached: this
machine, addresses of one link only (169.254.169.254 gives away a cloud machine's keys), multicast. The
networks of states use private ranges (RFC 1918), so those are reached. This machine is reached by a
node that is itself on it, and only where the document says so (a federation on a laptop).
"""

import enum
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import urllib3
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from shared.runtime import deadline, http
from shared.runtime.refusals import BadUpstream

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address is in its last 32 bits
_V4 = 2**32 - 1
# Where machines in clouds ask for their keys, besides 169.254.169.254.
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200")))


class Reach(enum.Enum):
    """How near an address may be."""

    ABROAD = "abroad"
    NEARBY = "nearby"  # this machine as well, where the document names it


def resolved(host: str, port: int) -> list[str]:
    """Ask the system's resolver for every address of a host."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


Resolver = Callable[[str, int], Sequence[str]]


def reach_of(own: str) -> Reach:
    """Return how near a node may reach that is itself at the URL `own`."""
    return Reach.NEARBY if _names_this_machine(_host(own)) else Reach.ABROAD


def pool(
    url: str,
    *,
    reach: Reach,
    context: ssl.SSLContext | None = None,
    size: int = 8,
    resolver: Resolver = resolved,
) -> urllib3.HTTPConnectionPool:
    """Return a `bulk_pool` whose connections are made to permitted addresses alone.

    Raises:
        BadUpstream: the URL holds more than a host, a port and a path. (Calls raise it as well:
            `forbidden_address`; nothing was sent then.)
    """
    parts = urllib3.util.parse_url(url)
    if parts.scheme not in {"http", "https"} or not parts.host or parts.auth or parts.fragment:
        raise BadUpstream("bad_address", f"{url} is no address that anything is sent to.")
    made = http.bulk_pool(url, context=context, size=size)
    connection = _Secured if parts.scheme == "https" else _Plain
    judging = {"reach": reach, "resolver": staticmethod(resolver)}
    made.ConnectionCls = type(connection.__name__, (connection,), judging)
    return made


def addresses(host: str, port: int, reach: Reach, resolver: Resolver = resolved) -> Sequence[str]:
    """Resolve a host to addresses that may be reached, in the resolver's order.

    Raises:
        BadUpstream: it has one that may not.
        socket.gaierror: it has none.
    """
    bare = host.strip("[]")
    found = resolver(bare, port)
    here = reach is Reach.NEARBY and _names_this_machine(bare)
    for text in found:
        if not _is_permitted(ipaddress.ip_address(text.partition("%")[0]), here=here):
            raise BadUpstream(
                "forbidden_address",
                f"{host} is {text}, an address that nothing is sent to from here.",
                next_step="Check the address in the directory, and this node's resolver.",
            )
    return found


def _is_permitted(address: Address, *, here: bool) -> bool:
    plain = _plain(address)
    if plain.is_loopback:
        return here
    narrow = plain.is_link_local or plain.is_multicast or plain.is_unspecified
    return not narrow and plain not in _METADATA


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & _V4)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _names_this_machine(host: str) -> bool:
    """Whether a host says in its own words that it is this machine (RFC 6761, 6.3)."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    return urllib3.util.parse_url(url).host or ""


class _Judged(HTTPConnection):
    """Connects to an address that was judged, under the name that was asked for, and keeps deadlines."""

    reach: Reach
    resolver: Resolver

    @override
    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            judged = addresses(name, self.port, self.reach, self.resolver)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failed: NewConnectionError | None = None
        try:
            for address in judged:
                deadline.check()  # a name may have many addresses where nobody answers
                self._dns_host = address
                try:
                    made = super()._new_conn()
                except NewConnectionError as error:
                    failed = error
                else:
                    deadline.watch(made)
                    return made
        finally:
            self._dns_host = name
        raise failed or NewConnectionError(self, f"{name} has no address")

    @override
    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:  # one of the pool, or one whose handshake is done
            deadline.watch(self.sock)
        super().request(*arguments, **options)

    @override
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        sock = self.sock  # which the answer may take over
        answer = super().getresponse()
        deadline.remember(answer, sock)
        return answer


class _Plain(_Judged):
    """Without TLS: what is answered proves itself."""


class _Secured(_Judged, HTTPSConnection):
    """With TLS, to the name and not to the address."""
