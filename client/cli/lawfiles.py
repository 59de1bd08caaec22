"""Read a profile that somebody wrote; each of its mistakes is told with its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from client.errors import UsageError, unreadable
from shared.protocol.law.reading import ProfileError

Read = TypeVar("Read")


def read_profile(file: Path, reader: Callable[[bytes], Read]) -> Read:
    """Read a file with one of the readers of profiles.

    Raises:
        UsageError: it cannot be read, or has mistakes: `file:line: place: what`, one in a line.
    """
    try:
        return reader(file.read_bytes())
    except OSError as error:
        raise unreadable(file, error) from error
    except ProfileError as error:
        told = "\n".join(f"{file}:{each.line}: {each.place}: {each.what}" for each in error.flaws)
        raise UsageError(
            f"{len(error.flaws)} mistake{'s' if len(error.flaws) > 1 else ''}:\n{told}",
            code=error.code,
            next_step="mend these lines and check again",
        ) from error


def read_day(text: str | None, today: date) -> date:
    """Read a day (2026-11-22); none is today.

    Raises:
        UsageError: it is none.
    """
    try:
        return today if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is no day", code="bad_date", next_step="2026-11-22") from error
