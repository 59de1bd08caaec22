"""A log that can be away, a clock, a store of denials on both databases, and calls that are refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.gateway.denials import EVENT_TYPE, Denials, Refused, UndeliveredError
from shared.protocol import canonical
from shared.runtime.database import Database, migrate, open_database
from shared.runtime.refusals import Refusal, Unauthenticated
from tests.service.gateway.sockets import now

NOON = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


@dataclass
class Audit:
    """An audit service that can be away."""

    events: list[Any] = field(default_factory=list)
    away: bool = False

    def take(self, events: Sequence[canonical.Json]) -> None:
        if self.away:
            raise UndeliveredError("away")
        self.events += events


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/gateway.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    made = open_database(url)
    migrate(made, "services.gateway.migrations")
    yield made
    made.close()


@pytest.fixture
def audit() -> Audit:
    return Audit()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def denials(database: Database, audit: Audit, clock: Clock) -> Denials:
    return Denials(database, deliver=audit.take, clock=clock)


def refuse(denials: Denials, reason: str = "exp", **changes: str | None) -> None:
    refusal = Unauthenticated("invalid_token", "The token has expired.", reason=reason)
    note(denials, refusal, **changes)


def note(denials: Denials, refusal: Refusal, **changes: str | None) -> None:
    given: dict[str, Any] = {
        "address": "192.0.2.1",
        "call": "GET /v1/requests",
        "client_id": None,
        "claimed": None,
        **changes,
    }
    denials.note(refusal, Refused(**given))


def settle(denials: Denials, clock: Clock, minutes: int = 1) -> None:
    """Let so many windows end, and bring everything to the log."""
    for _ in range(minutes):
        clock.at += timedelta(seconds=61)
        while denials.deliver_once():
            pass


def counts(audit: Audit) -> list[int]:
    return [event["count"] for event in audit.events]


def told_in_all(folder: Path, brought: Sequence[Any]) -> list[Any]:
    """Return every denial of a gateway that has ended: what it brought to its log, and what waits."""
    events = list(brought)
    database = open_database(f"sqlite:///{folder / 'gateway.sqlite'}")
    later = Denials(database, deliver=events.extend, clock=lambda: now() + timedelta(minutes=2))
    while later.deliver_once():
        pass
    database.close()
    denied = {event["event_id"]: event for event in events if event["type"] == EVENT_TYPE}
    return list(denied.values())
