"""Errors as RFC 9457 problems: what was refused, by which rule, what to do next. Nothing secret.

A use case raises a `Refusal`; the category says the status, `code` names the case for machines:

    Refusal
    ├── Malformed 400        ├── Conflict 409        ├── Unavailable 503
    ├── Unauthenticated 401  ├── TooLarge 413        ├── PeerUnanswered 504
    ├── NotAllowed 403       ├── Unprocessable 422   └── StorageFull 507
    └── NotFound 404         ├── TooMany 429

Protocol errors keep their own tree (shared.protocol.errors) and get their status here.
"""

from collections.abc import Mapping
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from shared.protocol import canonical, errors
from shared.runtime import logs

PROBLEM = "application/problem+json"
Fact = str | int | bool | None | list[str]


class Refusal(Exception):  # noqa: N818 - the field's word
    """Something that was asked for is refused.

    Args:
        code: stable name for machines, lower_snake.
        detail: one sentence for a person; no secret, no evidence, no file name of evidence.
        rule: which rule refused it (an article, a gate, a section), if there is one.
        next_step: what the person can do now.
        headers: extra response headers.
        facts: what a program needs to act (`expected`, `known`, ...).
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Refused"

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        rule: str | None = None,
        next_step: str | None = None,
        headers: Mapping[str, str] | None = None,
        **facts: Fact,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.rule, self.next_step = code, detail, rule, next_step
        self.headers = dict(headers or {})
        self.facts = facts


class Malformed(Refusal):
    """The request cannot be understood."""

    status, title = 400, "Malformed request"


class Unauthenticated(Refusal):
    """Nobody proved who is calling."""

    status, title = 401, "Not authenticated"


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    status, title = 403, "Not allowed"


class NotFound(Refusal):
    """No such thing, or not the caller's."""

    status, title = 404, "Not found"


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    status, title = 405, "Method not allowed"


class Conflict(Refusal):
    """The state of the object does not allow it."""

    status, title = 409, "Conflict with the present state"


class TooLarge(Refusal):
    """The body is over the limit."""

    status, title = 413, "Too large"


class UnsupportedMedia(Refusal):
    """The body is of a kind that is not taken."""

    status, title = 415, "Unsupported media type"


class Misdirected(Refusal):
    """The Host is not this gateway's."""

    status, title = 421, "Misdirected request"


class Unprocessable(Refusal):
    """Understood, and wrong: a digest, a signature, a field."""

    status, title = 422, "Cannot be accepted"


class TooMany(Refusal):
    """Too many requests; `Retry-After` says when again."""

    status, title = 429, "Too many requests"


class BadUpstream(Refusal):
    """A service behind this one answered with nonsense."""

    status, title = 502, "Bad answer from inside"


class Unavailable(Refusal):
    """A part of the node is away; nothing was lost."""

    status, title = 503, "Temporarily unavailable"


class PeerUnanswered(Refusal):
    """The other country's gateway did not answer in time."""

    status, title = 504, "The peer did not answer"


class StorageFull(Refusal):
    """The node's disk is full; nothing was lost."""

    status, title = 507, "Storage is full"


# Nearest ancestor wins.
PROTOCOL_STATUS: dict[type[errors.ProtocolError], int] = {
    errors.FormatError: 400,
    errors.ChainError: 409,
    errors.InconsistentLogError: 409,
    errors.ProtocolError: 422,
}

FRAMEWORK: dict[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The body is larger than this address takes."),
}


def problem(refusal: Refusal) -> Response:
    """Write a refusal as a response."""
    members: dict[str, canonical.Json] = {
        "type": f"urn:rogatory:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "rule": refusal.rule,
        "next": refusal.next_step,
        "request_id": logs.request_id.get(),
    }
    members |= {name: _json(fact) for name, fact in refusal.facts.items()}
    content = canonical.encode(
        {name: value for name, value in members.items() if value is not None}
    )
    return Response(content, refusal.status, refusal.headers, media_type=PROBLEM)


def from_protocol(error: errors.ProtocolError) -> Refusal:
    """Turn a protocol error into a refusal of the status that `PROTOCOL_STATUS` gives it."""
    status = next(PROTOCOL_STATUS[kind] for kind in type(error).__mro__ if kind in PROTOCOL_STATUS)
    kind = {400: Malformed, 409: Conflict}.get(status, Unprocessable)
    return kind(error.code, error.detail, **error.facts)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem; an unforeseen one is logged and tells nothing."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(errors.ProtocolError, _protocol)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _unforeseen)


def _json(fact: Fact) -> canonical.Json:
    return list(fact) if isinstance(fact, list) else fact


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    logs.log().info("refused", code=error.code, status=error.status, detail=error.detail)
    return problem(error)


async def _protocol(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ProtocolError)
    return await _refused(request, from_protocol(error))


async def _invalid(request: Request, error: Exception) -> Response:
    """Name the fields, never echo the values (they may be evidence)."""
    assert isinstance(error, RequestValidationError)
    flaws = sorted(
        {
            ".".join(str(part) for part in flaw["loc"]) + ": " + flaw["msg"]
            for flaw in error.errors()
        }
    )
    detail = "; ".join(flaws)[:1000]
    return await _refused(
        request,
        Unprocessable(
            "invalid_fields", detail, next_step="Correct the fields named and send again."
        ),
    )


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, detail = FRAMEWORK.get(error.status_code, ("refused", str(error.detail)))
    refusal = Refusal(code, detail, headers=error.headers)
    response = problem(refusal)
    known = next(
        (kind for kind in Refusal.__subclasses__() if kind.status == error.status_code), None
    )
    if known is not None:
        response = problem(known(code, detail, headers=error.headers))
    elif error.status_code != refusal.status:
        response.status_code = error.status_code
    logs.log().info("refused", code=code, status=error.status_code, path=request.url.path)
    return response


async def _unforeseen(request: Request, error: Exception) -> Response:
    logs.log().error("unforeseen", path=request.scope["path"], exc_info=error)
    return problem(
        Refusal(
            "internal_error",
            "Something went wrong inside; nothing that was acknowledged is lost.",
            next_step="Try again; if it stays, give the request id to the operators of the node.",
        )
    )
