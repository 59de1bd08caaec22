"""The only place of the client that asks for the time (the server's runtime is not installed)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the present time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - see the module's first line
