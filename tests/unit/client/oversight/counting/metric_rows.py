"""What metrics are tested by: what happened, and the cells that it changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.year_log import Story, Told

Rows = Sequence[tuple[str, str, str]]
Row = tuple[str, str, list[Story | Told], Rows]
"""Name, table, what happened, the cells that are not zero."""

OURS, THEIRS = "made by us", "received by us"
QUIET, EMERGENCY = "not an emergency", "emergency"
TRAFFIC = "DC-TRF traffic data"
SYSTEM = "OFF-B05 system interference"
DUAL = "REF-05 the conduct is no offence in the requested State (dual criminality)"


def loose(kind: str, **more: str) -> Told:
    return Told(at=datetime(2026, 5, 1, tzinfo=UTC), kind=kind, **more)  # type: ignore[arg-type]
