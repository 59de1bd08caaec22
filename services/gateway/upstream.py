"""Calls to the services inside: built anew, never relayed, and streamed in constant memory.

Small bodies and every answer go through urllib3 in a thread (blocks of 1 MiB); large uploads through
httpx, which takes an asynchronous body. Of the caller's headers only those of the list go in, and of
the service's only those of the other list come out.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx
import urllib3
from urllib3.exceptions import HTTPError

from services.gateway.denials import UndeliveredError
from services.gateway.entrance import Admitted
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.digests import parse_content_digest
from shared.protocol.errors import FormatError
from shared.runtime import deadline, http, logs
from shared.runtime.openapi import PATH, Document
from shared.runtime.principals import HEADER, Assertions, Principal, digest
from shared.runtime.refusals import Malformed, Unavailable

REQUEST_HEADERS = (
    *("content-type", "content-length", "content-digest", "accept", "range"),
    *("idempotency-key", "if-match", "if-none-match"),
    *("officer-grant", "case-reference", "exculpatory"),
)
ANSWER_HEADERS = (
    "content-type",
    "content-length",
    "content-digest",
    "content-range",
    "accept-ranges",
    "etag",
    "location",
    "retry-after",
    "cache-control",
)
CONNECTIONS = 64
OK, UNAUTHENTICATED = 200, 401
READY_TIMEOUT = 1.0  # seconds
WHOLE = 2**20  # bytes; a smaller answer is read at once
BLOCK_DEADLINE = (
    60.0  # seconds for each block of an answer from abroad; whoever asked waits as long
)


class BrokenStreamError(Exception):
    """An answer broke off after it had begun; the connection to the caller must break as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service answered: `body`, or for a large one `read` block after block, then `close`."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    read: Callable[[], bytes]
    close: Callable[[], None]


def as_sent(path: str, query: str) -> str:
    """Write path and query as HTTP libraries send them (RFC 3986, 6.2.2), since that is what is bound.

    A caller may escape what need not be, or in lower case; the service behind would see it otherwise.
    """
    return urllib3.util.parse_url(f"http://inside{path}?{query}").request_uri if query else path


class Upstream:
    """The services behind the gateway."""

    def __init__(self, urls: Mapping[str, str], assertions: Assertions) -> None:
        self._urls, self._assertions = urls, assertions
        self._pools = {name: http.bulk_pool(url, size=CONNECTIONS) for name, url in urls.items()}
        self._uploads = httpx.AsyncClient(
            timeout=httpx.Timeout(http.READ_TIMEOUT, connect=http.CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=CONNECTIONS),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._uploads.aclose()
        for pool in self._pools.values():
            pool.close()

    def call(
        self, admitted: Admitted, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Make a call with a small body; blocks.

        Raises:
            Unavailable: the service does not answer, or does not believe us.
        """
        route, target = admitted.match.route, as_sent(admitted.match.target, query)
        sent = self._headers(admitted, target, headers, digest(body))
        sent["content-length"] = str(len(body))
        try:
            response = self._pools[route.service].urlopen(
                route.method,
                target,
                body=body,
                headers=sent,
                redirect=False,
                preload_content=False,
            )
            return _believed(route.service, read_answer(response))
        except (HTTPError, BrokenStreamError) as error:
            raise _away(route.service, error) from error

    async def upload(
        self,
        admitted: Admitted,
        *,
        query: str,
        headers: Mapping[str, str],
        blocks: AsyncIterator[bytes],
    ) -> Answer:
        """Make a call with a large body, as it comes.

        Raises:
            Malformed: the caller does not promise what the body will be.
            Unavailable: the service does not answer.
        """
        route, target = admitted.match.route, as_sent(admitted.match.target, query)
        sent = self._headers(admitted, target, headers, _promised(headers))
        try:
            response = await self._uploads.request(
                route.method, self._urls[route.service] + target, content=blocks, headers=sent
            )
        except httpx.TransportError as error:
            raise _away(route.service, error) from error
        answer = Answer(
            status=response.status_code,
            headers=_allowed(response.headers, ANSWER_HEADERS),
            body=response.content,
            read=bytes,
            close=lambda: None,
        )
        return _believed(route.service, answer)

    def status(self, service: str) -> Json:
        """Return what a service says of its own readiness, for the operator; blocks."""
        try:
            answer = self._pools[service].request("GET", "/readyz", redirect=False)
            status: Json = answer.json()
        except (HTTPError, ValueError) as error:
            return {"status": "away", "error": type(error).__name__}
        return status

    def log_stands(self) -> bool:
        """Say whether the audit log takes events now; blocks, not for long."""
        token = {HEADER: self._assertions.mint("audit", "GET", "/status")}
        ask = self._pools["audit"].request
        try:
            answer = ask("GET", "/status", headers=token, redirect=False, timeout=READY_TIMEOUT)
            return bool(answer.status == OK and answer.json()["alarm"] is None)
        except (HTTPError, ValueError, KeyError):
            return False

    def offered(self, service: str) -> Document:
        """Return the OpenAPI document of a service; blocks.

        Raises:
            Unavailable: the service does not answer.
        """
        token = self._assertions.mint(service, "GET", PATH)
        try:
            answer = self._pools[service].request(
                "GET", PATH, headers={HEADER: token}, redirect=False
            )
            document: Document = answer.json()
        except (HTTPError, ValueError) as error:
            raise _away(service, error) from error
        if answer.status != OK:
            raise _away(service, UndeliveredError(f"it answered {answer.status}"))
        return document

    def record(self, events: Sequence[Json]) -> None:
        """Bring events of the gateway itself to the log; blocks.

        Raises:
            UndeliveredError: the log has not confirmed them.
        """
        body = canonical.encode({"events": events})
        token = self._assertions.mint("audit", "POST", "/entries", body=digest(body))
        try:
            answer = self._pools["audit"].request(
                "POST",
                "/entries",
                body=body,
                headers={"content-type": "application/json", HEADER: token},
                redirect=False,
            )
        except HTTPError as error:
            raise UndeliveredError(repr(error)) from error
        if answer.status != OK:
            raise UndeliveredError(f"the audit service answered {answer.status}")

    def _headers(
        self, admitted: Admitted, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        """Build the headers of a call inside, whose body has this SHA-256."""
        caller, match = admitted.caller, admitted.match
        on_behalf = None
        if caller is not None:
            on_behalf = Principal(
                service="gateway",
                client_id=caller.client_id,
                country=caller.country,
                scopes=caller.scopes & match.route.scopes,
                officer=admitted.officer,
                purpose=admitted.purpose,
            )
        token = self._assertions.mint(
            match.route.service, match.route.method, target, on_behalf, body=body
        )
        return {**_allowed(headers, REQUEST_HEADERS), HEADER: token}


def read_answer(response: urllib3.BaseHTTPResponse) -> Answer:
    """Take up an answer: a small one whole, a large one block by block.

    Raises:
        BrokenStreamError: a small one broke off.
    """

    def read() -> bytes:
        try:
            with deadline.within(BLOCK_DEADLINE, response):
                return response.read(http.BLOCK, decode_content=False)
        except HTTPError as error:
            raise BrokenStreamError(type(error).__name__) from error

    def close() -> None:
        # What was read to its end goes back to the pool; what was not is cut off.
        if response.length_remaining:
            response.close()
        response.release_conn()

    length = response.headers.get("content-length", "")
    body = None
    if length.isdigit() and int(length) <= WHOLE:
        body = read()
        close()
        if len(body) != int(length):  # the library says nothing when the end comes early
            raise BrokenStreamError(f"{len(body)} of {length} bytes came")
    return Answer(
        status=response.status,
        headers=_allowed(response.headers, ANSWER_HEADERS),
        body=body,
        read=read,
        close=close,
    )


def _allowed(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _promised(headers: Mapping[str, str]) -> bytes:
    """Read the digest that a large body is to have: it is bound before the body has come."""
    try:
        return parse_content_digest(headers.get("content-digest", ""))
    except FormatError as error:
        raise Malformed(
            "content_digest_required",
            "The header Content-Digest says which SHA-256 a large body has (RFC 9530).",
            next_step="Send Content-Digest: sha-256=:BASE64:",
        ) from error


def _believed(service: str, answer: Answer) -> Answer:
    """Pass an answer on, unless it is us whom the service does not believe: no fault of the caller."""
    if answer.status != UNAUTHENTICATED:
        return answer
    answer.close()
    logs.log().error("not_believed_inside", upstream=service)
    raise Unavailable(
        "not_believed_inside",
        f"The {service} of this node does not believe its gateway; nothing was done.",
        next_step="The operators compare the clocks and the internal keys of the node's services.",
        headers={"Retry-After": "2"},
    )


def _away(service: str, error: Exception) -> Unavailable:
    logs.log().warning("service_away", upstream=service, error=repr(error))
    return Unavailable(
        "service_unavailable",
        f"The {service} of this node does not answer.",
        next_step="Nothing was lost. Look how far it came, then try again.",
    )
