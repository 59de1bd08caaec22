"""Why something that was asked for is refused: the tree of refusals. RFC 9457 problems are made of them.

A use case raises a `Refusal`; the category says the status, `code` names the case for machines:

    Refusal
    ├── Malformed 400        ├── MethodNotAllowed 405  ├── TooMany 429
    ├── Unauthenticated 401  ├── Conflict 409          ├── BadUpstream 502
    ├── NotAllowed 403       ├── TooLarge 413          ├── Unavailable 503
    ├── NotFound 404         ├── UnsupportedMedia 415  ├── PeerUnanswered 504
    ├── Misdirected 421      ├── Unprocessable 422     └── StorageFull 507
                             └── HeadersTooLarge 431
"""

from collections.abc import Mapping
from typing import ClassVar

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
        self.facts: dict[str, Fact] = facts


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


class HeadersTooLarge(Refusal):
    """More headers, or longer ones, than an edge takes."""

    status, title = 431, "Headers too large"


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
