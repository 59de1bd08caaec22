"""Errors as RFC 9457 problems: what was refused, by which rule, what to do next. Nothing secret.

The tree of refusals is `shared.runtime.refusals`. Protocol errors keep their own
tree (`shared.protocol.errors`) and get their status here.
"""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared.protocol import canonical, errors
from shared.runtime import logs
from shared.runtime.refusals import (
    PROBLEM,
    Conflict,
    Fact,
    Malformed,
    Refusal,
    StorageFull,
    TooLarge,
    Unprocessable,
)

# What SQLite (SQLITE_FULL) and PostgreSQL (53100 disk_full) say when a disk is full.
DISK_FULL = ("database or disk is full", "No space left on device")

# Nearest ancestor wins.
PROTOCOL_STATUS: dict[type[errors.ProtocolError], int] = {
    errors.FormatError: 400,
    errors.ChainError: 409,
    errors.InconsistentLogError: 409,
    errors.ProtocolError: 422,
}

# Problem types that a standard names (draft-ietf-httpapi-ratelimit-headers-10, 6.1).
TYPES = {"quota_exceeded": "https://iana.org/assignments/http-problem-types#quota-exceeded"}

FRAMEWORK: dict[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
}


def problem(refusal: Refusal) -> Response:
    """Write a refusal as a response."""
    members: dict[str, canonical.Json] = {
        "type": TYPES.get(refusal.code, f"urn:rogatory:problem:{refusal.code}"),
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
    refusal = kind(error.code, error.detail)
    refusal.facts = dict(error.facts)
    return refusal


def too_large() -> Refusal:
    """Return the refusal of a body over its limit."""
    return TooLarge(
        "too_large",
        "The body is larger than this address takes.",
        next_step="Send evidence in segments; documents stay under the limit of their address.",
    )


def install(app: FastAPI) -> None:
    """Make every error of an app a problem; an unforeseen one is logged and tells nothing."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(errors.ProtocolError, _protocol)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(DBAPIError, _database)
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
    if isinstance(error.__cause__, errors.ProtocolError):  # the strict reader's (`strict`)
        return await _protocol(request, error.__cause__)
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


async def _database(request: Request, error: Exception) -> Response:
    """Say that the database's disk is full; anything else of a database is unforeseen."""
    assert isinstance(error, DBAPIError)
    if not any(sign in str(error.orig) for sign in DISK_FULL):
        return await _unforeseen(request, error)
    return await _refused(
        request,
        StorageFull(
            "storage_full",
            "The node's database has no room left; nothing was changed.",
            next_step="Ask the operators of the node to make room, then send the same again.",
        ),
    )


async def _unforeseen(request: Request, error: Exception) -> Response:
    logs.log().error("unforeseen", path=request.scope["path"], exc_info=error)
    return problem(
        Refusal(
            "internal_error",
            "Something went wrong inside; nothing that was acknowledged is lost.",
            next_step="Try again; if it stays, give the request id to the operators of the node.",
        )
    )
