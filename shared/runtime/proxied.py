"""The edge on the socket of our own proxy."""

from typing import ClassVar

from typing_extensions import override

from shared.runtime.edge import MAX_HEADER_BYTES, MAX_HEADERS, EdgeProtocol
from shared.runtime.origin import REAL_IP


class ProxiedProtocol(EdgeProtocol):
    """`EdgeProtocol` behind our proxy, whose own headers come on top of the caller's."""

    max_header_bytes: ClassVar[int] = MAX_HEADER_BYTES + 12 * 2**10  # a certificate in base64
    max_headers: ClassVar[int] = MAX_HEADERS + 8
    max_connections: ClassVar[int] = 2**31  # the proxy keeps as many as it needs

    @property
    @override
    def caller(self) -> str:
        said = [value for name, value in self.headers or () if name == REAL_IP]
        return said[0].decode("latin-1") if said else "proxy"
