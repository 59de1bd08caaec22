"""The answers of an edge: the headers that each has, and those given before an app is reached."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from shared.runtime import problems
from shared.runtime.refusals import HeadersTooLarge, Malformed, Refusal, Unavailable

# What is open to all and never changes says so itself; everything else is kept by nobody.
NOT_STORED = (b"cache-control", b"no-store")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
)


class Edge:
    """The outermost layer of an app: headers for every answer."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name.lower() for name, _ in message["headers"]}
                ours = [each for each in (*SECURITY_HEADERS, NOT_STORED) if each[0] not in named]
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        await self._app(scope, receive, with_headers)


def written(refusal: Refusal) -> bytes:
    """Write a refusal as a whole HTTP answer, after which the connection closes."""
    answer = problems.problem(refusal)
    headers = [*answer.raw_headers, *SECURITY_HEADERS, NOT_STORED, (b"connection", b"close")]
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([STATUS_LINE[refusal.status], *lines, b"\r\n", bytes(answer.body)])


def malformed(detail: str) -> Refusal:
    """Return the refusal of bytes that are no request, or could be read as two different ones."""
    return Malformed("malformed_request", detail, next_step="Use an HTTP library as it comes.")


def headers_too_large() -> Refusal:
    """Return the refusal of too many headers, or too long ones."""
    return HeadersTooLarge(
        "headers_too_large",
        "The headers are larger than this edge takes (16 KiB and 64 in all, the address included).",
    )


def overloaded() -> Refusal:
    """Return the refusal of one more call than are served at once."""
    return Unavailable(
        "overloaded",
        "This gateway serves as many calls at once as it can.",
        next_step="Try again in a second.",
        headers={"Retry-After": "1"},
    )
