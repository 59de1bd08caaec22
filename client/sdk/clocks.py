"""Deadlines: what is due, by when, whose duty it is, and every day of it explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from client.sdk.records import as_list, as_object, maybe, text
from client.sdk.session import Session
from shared.protocol.canonical import Json
from shared.protocol.law.clocks import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A deadline of a request; `last_day` is the last minute that counts, in the zone of the clock.

    `due_at` None: it stands still, or its rule has no number. `subject`: a measure, a package, or
    `request` for the whole. `wire` keeps all that the gateway said.
    """

    clock_id: str
    request_id: str
    subject: str
    what: str
    ours: bool
    state: str
    source: str
    starts: str
    started_at: str
    due_at: str | None
    last_day: str | None
    place: str
    steps: tuple[Step, ...]
    wire: Mapping[str, Json]


def of_request(session: Session, request_id: str) -> Sequence[Clock]:
    """Read the deadlines of a request, each day explained, in the order in which they began."""
    return _clocks(session.get(f"/v1/requests/{request_id}/clocks"))


def due(session: Session, *, before: datetime | None = None) -> Sequence[Clock]:
    """Read what is due (before a moment) and not done, the most urgent first."""
    moment = None if before is None else before.isoformat()
    return _clocks(session.get("/v1/clocks", due_before=moment))


def extend(
    session: Session, request_id: str, clock_id: str, *, length: int, reasons: str, estimate: str
) -> Clock:
    """Give a deadline of one's own more time, in its own unit; `estimate`: a date, as 2026-12-30."""
    said: dict[str, Json] = {"length": length, "reasons": reasons, "estimate": estimate}
    path = f"/v1/requests/{request_id}/clocks/{clock_id}/extend"
    return _clock(session.post(path, said))


def _clocks(answer: Mapping[str, Json]) -> Sequence[Clock]:
    return [_clock(as_object(each)) for each in as_list(answer.get("clocks"))]


def _clock(wire: Mapping[str, Json]) -> Clock:
    return Clock(
        clock_id=text(wire, "clock_id"),
        request_id=text(wire, "request_id"),
        subject=text(wire, "subject"),
        what=text(wire, "what"),
        ours=wire.get("ours") is True,
        state=text(wire, "state"),
        source=text(wire, "source"),
        starts=text(wire, "starts"),
        started_at=text(wire, "started_at"),
        due_at=maybe(wire, "due_at"),
        last_day=maybe(wire, "last_day"),
        place=text(wire, "place"),
        steps=tuple(_step(as_object(each)) for each in as_list(wire.get("steps") or [])),
        wire=wire,
    )


def _step(wire: Mapping[str, Json]) -> Step:
    number = wire.get("number")
    return Step(
        since=datetime.fromisoformat(text(wire, "since")),
        until=datetime.fromisoformat(text(wire, "until")),
        counted=wire.get("counted") is True,
        number=number if isinstance(number, int) else None,
        why=text(wire, "why"),
    )
