"""A clock of one case as a value: begun, paused, resumed, extended, met, missed; its due date each time anew.

RUNNING ⇄ PAUSED          RUNNING → MISSED (its duty stands)  → LATE
RUNNING, PAUSED → MET     RUNNING → ELAPSED (it was no duty but a time)
RUNNING, PAUSED, MISSED → OVER (what it was about has come to its end)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.exchange.calendars import calendar, zone
from shared.protocol.law import clocks
from shared.protocol.law.clocks import Due, Pause, Place, Step
from shared.protocol.law.duties import Duty
from shared.protocol.law.policy import policy

STATED = "the time that was stated"


class ClockState(StrEnum):
    """Where a clock stands."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    MET = "MET"
    MISSED = "MISSED"
    LATE = "LATE"
    ELAPSED = "ELAPSED"
    OVER = "OVER"


OPEN = (ClockState.RUNNING, ClockState.PAUSED, ClockState.MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """Where a clock hangs, as the profile named it when it began; `label`: whose list of days off."""

    zone: str
    calendar: str
    label: str

    @property
    def place(self) -> Place:
        """Return it as `clocks.due` takes it."""
        return Place(zone=zone(self.zone), off=calendar(self.calendar).off)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """More time, in the unit of the rule, and why; `until`: when it is thought to be done."""

    at: datetime
    length: int
    reasons: str
    estimate: date | None
    by: str  # country


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock of a request. `subject`: a measure, a package, …; `request` for the whole.

    Attributes:
        id: rule, subject and count: the same in both countries.
        ours: whether the duty is this country's.
        fixed: an end that was stated, in the place of a length.
        told_at: up to when it was looked at: what was due before is told.
        next_at: when to look again; None: never.
        effect: what its miss has yet to bring about here.
    """

    id: str
    request_id: str
    subject: str
    duty: Duty
    ours: bool
    state: ClockState
    started_at: datetime
    hanging: Hanging
    fixed: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    due_at: datetime | None = None
    told_at: datetime
    next_at: datetime | None = None
    ended_at: datetime | None = None
    effect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A clock, and each step to its end."""

    clock: Clock
    steps: tuple[Step, ...]


def explained(clock: Clock) -> Explained:
    """Explain each day of a clock; its due date is the one that was kept when it last changed."""
    return Explained(clock=clock, steps=due(clock).steps)


def due(clock: Clock) -> Due:
    """Compute when a clock ends, and explain each day."""
    place, rule = clock.hanging.place, clock.duty.rule
    if clock.fixed is not None:
        return clocks.stated(clock.fixed, clock.started_at, STATED)
    if rule is None:
        return Due(at=None, steps=())
    extra = sum(each.length for each in clock.extensions)
    return clocks.due(rule, clock.started_at, place, pauses=clock.pauses, extra=extra)


def wound(clock: Clock) -> Clock:
    """Return a clock with its due date, and when to look at it next, computed anew."""
    due_at = due(clock).at
    marks = [] if due_at is None else [*_reminders(clock, due_at), due_at]
    running = clock.state is ClockState.RUNNING
    next_at = next((mark for mark in marks if mark > clock.told_at), None) if running else None
    return replace(clock, due_at=due_at, next_at=next_at)


def pause(clock: Clock, at: datetime, why: str) -> Clock:
    """Let a running clock stand still; any other stays as it is, and so does one whose time is up."""
    late = clock.due_at is not None and clock.due_at <= at
    if clock.state is not ClockState.RUNNING or late:
        return clock
    stood = (*clock.pauses, Pause(since=at, until=None, why=why))
    return wound(replace(clock, state=ClockState.PAUSED, pauses=stood))


def resume(clock: Clock, at: datetime) -> Clock:
    """Let a clock run on."""
    if clock.state is not ClockState.PAUSED:
        return clock
    *before, last = clock.pauses
    stood = (*before, replace(last, until=at))
    return wound(replace(clock, state=ClockState.RUNNING, pauses=stood, told_at=at))


def finish(clock: Clock, at: datetime) -> Clock:
    """Note that what a clock waited for has been done."""
    ended = _closed(clock, at)
    late = clock.due_at is not None and at >= clock.due_at
    state = ClockState.LATE if late else ClockState.MET
    return replace(ended, state=state, ended_at=at, next_at=None, effect=None)


def stop(clock: Clock, at: datetime) -> Clock:
    """Note that nothing is left to wait for."""
    return replace(
        _closed(clock, at), state=ClockState.OVER, ended_at=at, next_at=None, effect=None
    )


def extend(clock: Clock, extension: Extension) -> Clock:
    """Give a clock more time."""
    return wound(replace(clock, extensions=(*clock.extensions, extension), told_at=extension.at))


def miss(clock: Clock, at: datetime, effect: str | None) -> Clock:
    """Note that the time of a clock is up; `effect`: what that brings about here."""
    if clock.duty.kind.lasts:
        over = replace(clock, state=ClockState.ELAPSED, ended_at=at)
    else:
        over = replace(clock, state=ClockState.MISSED)
    return replace(over, told_at=at, next_at=None, effect=effect)


def reminded(clock: Clock, at: datetime) -> Clock:
    """Note that somebody was reminded."""
    return wound(replace(clock, told_at=at))


def _closed(clock: Clock, at: datetime) -> Clock:
    if clock.state is not ClockState.PAUSED:
        return clock
    *before, last = clock.pauses
    return replace(clock, pauses=(*before, replace(last, until=at)))


def _reminders(clock: Clock, due_at: datetime) -> Sequence[datetime]:
    """Return when to warn: a stated date is warned of as days are."""
    told = policy().reminders
    rule = clock.duty.rule or clocks.Rule(length=1, unit="day")
    return clocks.reminders(
        due_at,
        clock.started_at,
        rule,
        clock.hanging.place,
        days=told.days_before,
        hours=told.hours_before,
    )
