"""What is read strictly: base64, JSON, numbers; and the two ways in which a check ends badly."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")


class Flaw(Exception):  # noqa: N818 - it is what the reader is told
    """Something does not hold."""


def demand(holds: object, flaw: str) -> None:
    """Raise a Flaw unless something holds."""
    if not holds:
        raise Flaw(flaw)


def unb64(text: str) -> bytes:
    """Read base64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Flaw("this is not base64") from None
    demand(base64.b64encode(data).decode() == text, "base64 has one spelling")
    return data


def unb64u(text: str) -> bytes:
    """Read base64url without padding, in its one spelling."""
    demand(re.fullmatch(r"[A-Za-z0-9_-]*", text), "this is not base64url")
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    return unb64(padded)


def read_json(data: bytes) -> Any:  # noqa: ANN401 - whatever stands there
    """Read JSON; a name that stands twice, a float or a wrong octet is a flaw."""
    try:
        return json.loads(
            data.decode(), object_pairs_hook=_members, parse_float=_none, parse_constant=_none
        )
    except (ValueError, RecursionError):
        raise Flaw("this is not JSON") from None


def read_canonical(data: bytes) -> Any:  # noqa: ANN401 - whatever stands there
    """Read JSON that is written in its one way (RFC 8785, of integers and ASCII names)."""
    value = read_json(data)
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    demand(written.encode() == data, "this JSON is not written in the one way")
    return value


def read_size(text: str) -> int:
    """Read a size or an index."""
    demand(DECIMAL.fullmatch(text), "this is not a size or an index")
    return int(text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    demand(len(members) == len(pairs), "a name stands twice in the JSON")
    return members


def _none(_text: str) -> Any:  # noqa: ANN401 - never returns
    raise Flaw("numbers here are integers")
