"""Calls inside a node with their assertions, as a service of the node makes them."""

from dataclasses import dataclass

import httpx2

from shared.protocol.digests import parse_content_digest
from shared.protocol.errors import FormatError
from shared.runtime import inside
from shared.runtime.principals import HEADER, Assertions, Principal, digest


@dataclass
class Asserting:
    """The `auth` of a test client: assert, for each call, on whose behalf it is made."""

    assertions: Assertions
    audience: str
    principal: Principal | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Request:
        request.headers[HEADER] = self.assertions.mint(
            self.audience,
            request.method,
            request.url.raw_path.decode(),
            self.principal,
            body=self.bound(request),
        )
        return request

    def bound(self, request: httpx2.Request) -> bytes | None:
        """The digest of the body, or what the header promises of one that is streamed."""
        door = inside.find(self.audience, request.method, request.url.path)
        if door is not None and door.streamed:
            try:
                return parse_content_digest(request.headers.get("content-digest", ""))
            except FormatError:
                return bytes(32)
        return digest(request.read())
