"""Deadlines: from an event, through days off, pauses and extensions, to an instant; each day explained.

Pure: the calendar comes as a function, the time zone as a `tzinfo`. Hours run through nights and holidays.
Days are those of one place: the day of the event is not counted, a day is counted if the clock runs when
it ends, and the last one counts whole (Regulation 1182/71, Article 3). spec/clocks.md has the rules.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from shared.protocol.law.shapes import Unit

Off = Callable[[date], str | None]  # why a day is no working day; None: it is one

EXACT: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_WORDS: Final = {"minute": "minute", "hour": "hour", "day": "day", "working-day": "working day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long a clock runs, and whether its end moves to a working day."""

    length: int
    unit: Unit
    rolls: bool = False  # an end on a day off moves to the next working day


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The clock stood still from `since` to `until` (None: it still does)."""

    since: datetime
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the explanation: a day, or for hours a stretch of time.

    `number`: which day of the clock it is; None where it is not counted, and of hours.
    """

    since: datetime
    until: datetime
    counted: bool
    number: int | None = None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When it ends (UTC), and each step to there. `at` is None while the clock stands still."""

    at: datetime | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the clock hangs: the zone and the days off of the State whose law governs it."""

    zone: tzinfo
    off: Off


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
    """
    length = rule.length + extra
    if rule.unit in EXACT:
        return _exact(rule, start, pauses, length)
    return _days(rule, start, place, pauses, length)


def stated(end: datetime, start: datetime, why: str) -> Due:
    """Return an end that was stated, whatever day it is."""
    end = end.astimezone(UTC)
    begun = min(start.astimezone(UTC), end)
    return Due(at=end, steps=(Step(since=begun, until=end, counted=True, why=why),))


def reminders(
    at: datetime,
    start: datetime,
    rule: Rule,
    place: Place,
    *,
    days: Sequence[int],
    hours: Sequence[int],
) -> tuple[datetime, ...]:
    """Return when to warn of an end, the first first: days before for days, hours before for hours.

    A warning that would come before the clock was started, or on the day of its start, is left out.
    """
    if rule.unit == "minute":
        return ()
    if rule.unit == "hour":
        moments = [at - timedelta(hours=before) for before in hours]
        return tuple(sorted(moment for moment in moments if moment > start))
    last, first = _last_day(at, place.zone), start.astimezone(place.zone).date()
    whole = sorted(last - timedelta(days=before) for before in days)
    return tuple(ends(day, place.zone) for day in whole if day > first)


def ends(day: date, zone: tzinfo) -> datetime:
    """Return the end of a day, in UTC: midnight after it, where that is by the law of the place."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def runs(steps: Sequence[Step]) -> list[tuple[Step, Step]]:
    """Put days together that follow each other and say the same: first and last of each run."""
    found: list[tuple[Step, Step]] = []
    for before, step in pairwise((None, *steps)):
        assert step is not None
        if before is not None and _same(before, step):
            found[-1] = (found[-1][0], step)
        else:
            found.append((step, step))
    return found


def _same(a: Step, b: Step) -> bool:
    if a.until != b.since or a.counted != b.counted:
        return False
    return a.number is not None and b.number is not None if a.counted else a.why == b.why


def _exact(rule: Rule, start: datetime, pauses: Sequence[Pause], length: int) -> Due:
    total = length * EXACT[rule.unit]
    left, at = total, start.astimezone(UTC)
    steps: list[Step] = []

    def run(until: datetime) -> None:
        if until > at:
            steps.append(Step(since=at, until=until, counted=True, why=_ran(until - at, total)))

    for pause in pauses:
        since = max(pause.since.astimezone(UTC), at)
        if since >= at + left:
            break
        if pause.until is None:
            run(since)
            steps.append(Step(since=since, until=since, counted=False, why=pause.why))
            return Due(at=None, steps=tuple(steps))
        until = pause.until.astimezone(UTC)
        if until > since:
            run(since)
            steps.append(Step(since=since, until=until, counted=False, why=pause.why))
            left, at = left - (since - at), until
    run(at + left)
    return Due(at=at + left, steps=tuple(steps))


def _ran(some: timedelta, total: timedelta) -> str:
    return f"{_hours(some)} of {_hours(total)}"


def _hours(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes % 60 else f"{minutes // 60} h"


def _days(rule: Rule, start: datetime, place: Place, pauses: Sequence[Pause], length: int) -> Due:
    day, counted, done = start.astimezone(place.zone).date(), 0, False
    steps: list[Step] = []
    while not done:
        day += timedelta(days=1)
        pause = _standing(pauses, ends(day, place.zone))
        off = place.off(day)
        number = None
        if pause is not None:
            why = pause.why
        elif counted == length:  # its last day was a day off
            done, why = off is None, off or "the end moves to the next working day"
        elif rule.unit == "working-day" and off is not None:
            why = off
        else:
            counted += 1
            number = counted
            done = counted == length and not (rule.rolls and off is not None)
            why = _numbered(counted, length, rule.unit, off)
        steps.append(_day(day, place.zone, number=number, why=why))
        if pause is not None and pause.until is None:
            return Due(at=None, steps=tuple(steps))
    return Due(at=ends(day, place.zone), steps=tuple(steps))


def _day(day: date, zone: tzinfo, *, number: int | None, why: str) -> Step:
    return Step(
        since=ends(day - timedelta(days=1), zone),
        until=ends(day, zone),
        counted=number is not None,
        number=number,
        why=why,
    )


def _numbered(number: int, length: int, unit: Unit, off: str | None) -> str:
    said = f"{_WORDS[unit]} {number} of {length}"
    return said if off is None else f"{said} ({off})"


def _standing(pauses: Sequence[Pause], end: datetime) -> Pause | None:
    """Return the pause in which a day ends: then the day is not counted."""
    for pause in pauses:
        if pause.since < end and (pause.until is None or end <= pause.until):
            return pause
    return None


def _last_day(end: datetime, zone: tzinfo) -> date:
    return (end - timedelta(microseconds=1)).astimezone(zone).date()
