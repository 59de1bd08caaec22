"""Why a command did not do what it was asked, and with which exit code it ends.

ClientError                 1   failed
├── UsageError              2   the command line, the profile or a file given is wrong
├── VerificationFailedError 3   what was checked does not prove what it claims
├── AccessError             4   not authenticated, or not allowed
├── MissingError            5   no such thing, or not yours
├── StateError              6   the state of the object, or what is there already, does not allow it
├── UnavailableError        7   the node or its peer is away; nothing was lost, try again
└── IntegrityError          8   bytes are not those that were announced

The exit code is part of the command line's contract (README, `rogatory --help`).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from shared.protocol.canonical import Json

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""
MISUSE: Final = 9
"""The exit code of a watch that found a pattern of misuse in a log that holds."""


class ClientError(Exception):
    """Something that was asked for was not done.

    Args:
        detail: one sentence for a person.
        code: stable name for programs; the gateway's own where it refused.
        rule: by which rule it was refused, if the gateway names one.
        next_step: what the person can do now.
        facts: what a program needs to act (`expected`, `request_id`, ...).
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        detail: str,
        *,
        code: str = "failed",
        rule: str | None = None,
        next_step: str | None = None,
        facts: dict[str, Json] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail, self.code, self.rule, self.next_step = detail, code, rule, next_step
        self.facts = facts or {}

    def to_json(self) -> dict[str, Json]:
        """Give everything a program needs to act on it."""
        named: dict[str, Json] = {
            "code": self.code,
            "detail": self.detail,
            "rule": self.rule,
            "next": self.next_step,
        }
        return {**self.facts, **named, "exit_code": self.exit_code}


class UsageError(ClientError):
    """The command line, the profile or a file given is wrong."""

    exit_code = 2


def unreadable(path: Path, error: OSError) -> UsageError:
    """Say that a file that was named cannot be read, and why."""
    return UsageError(
        f"{path} cannot be read: {error.strerror}",
        code="no_file",
        next_step="check the path, and that you may read what lies there",
    )


class VerificationFailedError(ClientError):
    """What was checked does not prove what it claims."""

    exit_code = 3


class AccessError(ClientError):
    """The gateway does not know the caller, or does not allow it this."""

    exit_code = 4


class MissingError(ClientError):
    """There is no such thing, or it is another authority's."""

    exit_code = 5


class StateError(ClientError):
    """The state of the object, or something that is there already, does not allow it."""

    exit_code = 6


class UnavailableError(ClientError):
    """The node or its peer is away; nothing was lost."""

    exit_code = 7


class IntegrityError(ClientError):
    """Bytes are not those that were announced."""

    exit_code = 8
