"""Deadlines: from an event, through working days, pauses and extensions, to an instant; and why.

Pure: the calendar comes as a function, the time zone as a `tzinfo`. Hours run through nights and holidays;
days end at midnight of the requested State, and move to the next working day only where the rule says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

Unit = Literal["minute", "hour", "day", "working-day"]
WorkingDay = Callable[[date], bool]

_EXACT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A clock: its length, whether its end moves to a working day, and where it was said."""

    id: str
    length: int
    unit: Unit
    rolls: bool = False  # an end on a day off moves to the next working day
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The clock stood still from `since` to `until` (None: it still does)."""

    since: datetime
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the explanation: until when the clock ran or stood still, and why."""

    since: datetime
    until: datetime
    counted: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When it ends, and each step to there. `at` is None while the clock stands still."""

    at: datetime | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the clock hangs."""

    zone: tzinfo
    works: WorkingDay


def due(
    rule: Rule, start: datetime, place: Place, *, pauses: Sequence[Pause] = (), extra: int = 0
) -> Due:
    """Compute when a clock ends.

    Args:
        rule: the clock.
        start: the event that starts it (with a time zone).
        place: the calendar and time zone of the State whose law governs it.
        pauses: when it stood still, in order, not overlapping; before `start` they do not count.
        extra: what extensions added, in the rule's own unit.

    Returns:
        The instant in UTC, with the steps that explain it.
    """
    first = _end(rule, start, place, rule.length + extra)
    steps: list[Step] = []
    running, end = start, first
    for pause in pauses:
        if pause.since >= end:
            break
        since = max(pause.since, start)
        if since > running:
            steps.append(Step(since=running, until=since, counted=True, why=rule.source))
        if pause.until is None:
            return Due(
                at=None,
                steps=(*steps, Step(since=since, until=since, counted=False, why=pause.why)),
            )
        until = max(pause.until, since)
        steps.append(Step(since=since, until=until, counted=False, why=pause.why))
        end, running = _later(end, since, until, rule, place), until
    steps.append(Step(since=running, until=end, counted=True, why=rule.source))
    return Due(at=end, steps=tuple(steps))


def _end(rule: Rule, start: datetime, place: Place, length: int) -> datetime:
    if rule.unit in _EXACT:
        return (start + length * _EXACT[rule.unit]).astimezone(UTC)
    last = start.astimezone(place.zone).date()
    if rule.unit == "day":
        last += timedelta(days=length)
    else:
        for _ in range(length):
            last = _next_working(last + timedelta(days=1), place.works)
    if rule.rolls:
        last = _next_working(last, place.works)
    return _midnight_after(last, place.zone)


def _later(end: datetime, since: datetime, until: datetime, rule: Rule, place: Place) -> datetime:
    """Move the end by as much as the clock stood still: hours as hours, days as whole days."""
    if rule.unit in _EXACT:
        return end + (until - since)
    stood = (until.astimezone(place.zone).date() - since.astimezone(place.zone).date()).days
    last = _last_day(end, place.zone)
    if rule.unit == "day":
        last += timedelta(days=stood)
        return _midnight_after(_next_working(last, place.works) if rule.rolls else last, place.zone)
    begun = since.astimezone(place.zone).date()
    lost = sum(place.works(begun + timedelta(days=n)) for n in range(1, stood + 1))
    for _ in range(lost):
        last = _next_working(last + timedelta(days=1), place.works)
    return _midnight_after(last, place.zone)


def _next_working(day: date, works: WorkingDay) -> date:
    while not works(day):
        day += timedelta(days=1)
    return day


def _midnight_after(day: date, zone: tzinfo) -> datetime:
    """Return the end of a day: a clock of days counts its last day whole."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _last_day(end: datetime, zone: tzinfo) -> date:
    return (end.astimezone(zone) - timedelta(microseconds=1)).date()
