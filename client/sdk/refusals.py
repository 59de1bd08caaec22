"""What a gateway refused, as an error with an exit code (RFC 9457 problems, RFC 6749 errors)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from client.errors import (
    AccessError,
    ClientError,
    IntegrityError,
    MissingError,
    StateError,
    UnavailableError,
)
from shared.protocol.canonical import Json, read
from shared.protocol.errors import FormatError

INTEGRITY: Final = frozenset({"digest_mismatch", "seal_broken", "content_digest_mismatch"})
"""Codes that say: the bytes are not those that were announced."""
_STATUS: Final[dict[int, type[ClientError]]] = {
    401: AccessError,
    403: AccessError,
    404: MissingError,
    409: StateError,
    410: StateError,
    412: StateError,
    423: StateError,
    429: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
    507: UnavailableError,
}
_MEMBERS: Final = frozenset({"type", "title", "detail", "code", "rule", "next"})


def from_problem(status: int, headers: Mapping[str, str], body: bytes) -> ClientError:
    """Turn a refused call into an error that says what was refused, by which rule, what to do."""
    problem = _object(body)
    code = str(problem.get("code") or _challenge(headers) or f"http_{status}")
    kind = IntegrityError if code in INTEGRITY else _STATUS.get(status, ClientError)
    return kind(
        str(problem.get("detail") or problem.get("title") or f"the gateway answered {status}"),
        code=code,
        rule=_text(problem.get("rule")),
        next_step=_text(problem.get("next")),
        facts={name: value for name, value in problem.items() if name not in _MEMBERS},
    )


def from_oauth(status: int, body: bytes) -> ClientError:
    """Turn a refused token request (RFC 6749, 5.2) into an error."""
    answer = _object(body)
    said = answer.get("error_description") or answer.get("detail") or f"status {status}"
    return _STATUS.get(status, AccessError)(
        f"the gateway gave no token: {said}",
        code=str(answer.get("error") or answer.get("code") or "no_token"),
        next_step="`rogatory doctor` says whether it is the key, the clock or the registration",
    )


def _object(body: bytes) -> dict[str, Json]:
    try:
        value = read(body)
    except FormatError:
        # A proxy's page is no problem document; the status is all there is to tell.
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _challenge(headers: Mapping[str, str]) -> str | None:
    _, marker, rest = headers.get("WWW-Authenticate", "").partition('error="')
    return rest.partition('"')[0] if marker else None
