"""What a service says of its own HTTP: OpenAPI 3.1 from its routes, and what no route says of itself.

The framework knows paths, parameters and shapes. A table beside the routes (`Told`) gives an example of each
body and answer, and media types where bodies are read and written raw. What is refused follows from one
rule for all (`refusals_of`), and is always a problem (RFC 9457).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.runtime import refusals
from shared.runtime.refusals import PROBLEM

JSON = "application/json"
OCTETS = "application/octet-stream"
TEXT = "text/plain"
PATH = "/openapi.json"

Document = dict[str, Any]
WRITES = frozenset({"post", "put", "delete"})
METHODS = WRITES | {"get"}
TITLES = {kind.status: kind.title for kind in refusals.Refusal.__subclasses__()}

PROBLEM_SCHEMA: Document = {
    "title": "Problem",
    "description": "Why something was refused, by which rule, and what to do now (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "urn:rogatory:problem: and the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; what a program goes by."},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "rule": {"type": "string", "description": "The rule that refused it."},
        "next": {"type": "string", "description": "What to do now."},
        "request_id": {"type": "string", "description": "What the operators find it by."},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a route does not say of itself.

    Attributes:
        body, answer: an example of each; None where there is none, or where it is raw.
        takes: the media type of a body that the route reads raw.
        gives: the media type of the answer.
        also: other statuses of success, with the same shape.
        plain: statuses that others' specifications give a plain text to, where ours is a problem.
    """

    body: object = None
    answer: object = None
    takes: str | None = None
    gives: str = JSON
    also: tuple[int, ...] = ()
    plain: tuple[int, ...] = ()


def complete(whole: Document, told: Mapping[str, Told]) -> Document:
    """Complete every operation of the document that the framework made of an app; once."""
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    if "Problem" in schemas:
        return whole
    for name in ("HTTPValidationError", "ValidationError"):  # ours are problems
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            line = f"{method.upper()} {path}"
            _complete(operation, method, path, told.get(line, Told()))
    return whole


def refused(status: int) -> Document:
    """Return the response of a refusal."""
    schema = {"$ref": "#/components/schemas/Problem"}
    example = {
        "type": f"urn:rogatory:problem:{_CODES.get(status, 'refused')}",
        "title": TITLES[status],
        "status": status,
        "code": _CODES.get(status, "refused"),
        "detail": "One sentence says what was refused, and why.",
        "request_id": "5f0c9d1e2a3b4c6d",
    }
    content = {PROBLEM: {"schema": schema, "example": example}}
    headers = {"Retry-After": _RETRY} if status in _LATER else {}
    if status == TOO_MANY:
        headers |= _QUOTA
    return {"description": TITLES[status], "content": content, "headers": headers}


_CODES = {
    400: "malformed",
    401: "invalid_token",
    403: "insufficient_scope",
    404: "not_found",
    409: "wrong_state",
    413: "too_large",
    415: "content_encoding",
    421: "misdirected",
    422: "invalid_fields",
    429: "quota_exceeded",
    502: "bad_answer",
    503: "service_unavailable",
    507: "storage_full",
}
TOO_MANY = 429
_LATER = frozenset({TOO_MANY, 503})
_QUOTA: Document = {  # draft-ietf-httpapi-ratelimit-headers
    "RateLimit-Policy": {"description": "The quota.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left of it.", "schema": {"type": "string"}},
}
_RETRY = {"description": "Seconds to wait (RFC 9110, 10.2.3).", "schema": {"type": "integer"}}


def refusals_of(method: str, path: str) -> tuple[int, ...]:
    """Return the statuses with which a service may refuse a call of this kind."""
    always = (400, 401, 403, 422, 503)
    named = (404, 409) if "{" in path else (404,)
    written = (409, 413, 507) if method in WRITES else ()
    return tuple(sorted({*always, *named, *written}))


def _complete(operation: Document, method: str, path: str, told: Told) -> None:
    text = operation.pop("description", operation["summary"])
    summary, _, more = text.partition("\n\n")
    operation["summary"] = " ".join(summary.split())
    if more:
        operation["description"] = more
    _body(operation, told)
    answers = operation["responses"]
    done = next(iter(answers))
    _answer(answers[done], told)
    answers |= {str(status): answers[done] for status in told.also}
    answers |= {str(status): refused(status) for status in refusals_of(method, path)}
    text_only = {"content": {TEXT: {"schema": {"type": "string"}}}}
    answers |= {
        str(status): {"description": TITLES.get(status, "Refused"), **text_only}
        for status in told.plain
    }
    operation["responses"] = dict(sorted(answers.items()))


def _body(operation: Document, told: Told) -> None:
    if told.takes is not None:
        schema = {"type": "string", "format": "binary"} if told.takes == OCTETS else {}
        operation["requestBody"] = {"required": True, "content": {told.takes: {"schema": schema}}}
    if told.body is not None:
        (content,) = operation["requestBody"]["content"].values()
        content["example"] = told.body


def _answer(answer: Document, told: Told) -> None:
    answer["description"] = "Done."
    content = answer.get("content")
    if content is None:  # 204
        return
    if told.gives != JSON:
        schema: Document = {"type": "string"}
        answer["content"] = {told.gives: {"schema": schema}}
    elif told.answer is not None:
        content[JSON]["example"] = told.answer


TEXT_TYPE: Document = {"type": "string"}
NUMBER: Document = {"type": "integer"}
ANY: Document = {"type": "object"}


def shaped(*required: str, **members: object) -> Document:
    """Write the schema of an object."""
    return {"type": "object", "required": list(required), "properties": members}


def said(
    summary: str,
    schema: Document,
    example: object,
    *,
    status: int = 200,
    media: str = JSON,
    refuses: tuple[int, ...] = (),
    **more: object,
) -> Document:
    """Write an operation that answers with one shape; `refuses`: what others of its kind do not."""
    content = {media: {"schema": schema, "example": example}}
    answers = {str(status): {"description": "Done.", "content": content}}
    answers |= {str(each): refused(each) for each in refuses}
    return {"summary": summary, "responses": answers, **more}


def taken(schema: Document, example: object, media: str = JSON) -> Document:
    """Write the body that an operation takes."""
    return {"required": True, "content": {media: {"schema": schema, "example": example}}}
