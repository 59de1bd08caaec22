"""What `rogatory doctor` found: one line for each thing it looked at, and what to do if it is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from client.errors import ClientError, IntegrityError, UnavailableError
from shared.protocol.canonical import Json
from shared.protocol.errors import ProtocolError

OK: Final = "ok"
WARN: Final = "WARN"  # it works, and should be seen to; the exit code stays 0
FAILED: Final = "FAILED"
UNASKED: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at one thing came to."""

    name: str
    result: str
    detail: str
    next_step: str | None = None
    exit_code: int = 0

    def to_json(self) -> dict[str, Json]:
        """Give it as a row."""
        return {
            "name": self.name,
            "result": self.result,
            "detail": self.detail,
            "next": self.next_step,
        }


def fine(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name=name, result=OK, detail=detail)


def warned(name: str, detail: str, next_step: str) -> Finding:
    """It works, and should be seen to."""
    return Finding(name=name, result=WARN, detail=detail, next_step=next_step)


def failed(name: str, error: ClientError) -> Finding:
    """It does not work."""
    return Finding(
        name=name,
        result=FAILED,
        detail=error.detail,
        next_step=error.next_step,
        exit_code=error.exit_code,
    )


def away(name: str, detail: str, next_step: str) -> Finding:
    """It does not work now: exit code 7."""
    return failed(name, UnavailableError(detail, code="away", next_step=next_step))


def broken(name: str, detail: str, next_step: str) -> Finding:
    """What is stored or signed is not as it should be: exit code 8."""
    return failed(name, IntegrityError(detail, code="broken", next_step=next_step))


def look(name: str, act: Callable[[], str]) -> Finding:
    """Look at one thing; an error says what is wrong with it."""
    return looks(name, lambda: [fine(name, act())])[0]


def looks(name: str, act: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Look at several things at once; an error is one finding in their place."""
    try:
        return list(act())
    except ClientError as error:
        return [failed(name, error)]
    except ProtocolError as error:
        told = "what was answered does not prove what it claims; tell the operators"
        return [broken(name, error.detail, told)]


def members(value: Json, name: str) -> dict[str, Json]:
    """Return a member that is an object, or an empty one: an older node tells less."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def listed(value: Json, name: str) -> list[dict[str, Json]]:
    """Return the objects of a member that is a list."""
    found = value.get(name) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def number(value: Json, name: str) -> int | None:
    """Return a member that is a whole number, or None."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if type(found) is int else None


def text(value: Json, name: str) -> str:
    """Return a member that is a text, or an empty one."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
