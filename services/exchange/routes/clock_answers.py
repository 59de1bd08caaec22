"""The shapes of what clocks look like from outside."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.exchange.clockwork import Clock, Explained
from shared.protocol.law.clocks import Step
from shared.protocol.law.clockwords import vocabulary
from shared.runtime.clock import milliseconds


@dataclass(frozen=True, slots=True)
class ExtensionAnswer:
    """More time that was given."""

    at: str
    length: int
    reasons: str
    estimate: str | None
    by: str


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """A day of a clock, or for hours a stretch of time. `day`: in the zone of the clock."""

    day: str
    since: str
    until: str
    counted: bool
    number: int | None
    why: str


@dataclass(frozen=True, slots=True)
class ClockAnswer:
    """A clock of a request.

    Attributes:
        act: what must be done; `what` in words.
        subject: of which measure, package, …; `request`: of the whole.
        whose: whose duty: requesting, requested, provider, person; `ours`: it is this country's.
        source: the article, or that it is policy or agreed; `law`: an instrument's own number.
        starts: what started it.
        due_at: when it ends; null while it stands still, and where the instrument has no number.
        last_day: the last day, or minute, that counts, in the zone of the clock.
        place: time zone, and whose list of days off.
        missed: what a miss means.
        extension: how much may be added, in `unit`; null: nothing, or what is agreed (`extension_needs`).
        steps: each day explained; null in lists.
    """

    clock_id: str
    request_id: str
    subject: str
    act: str
    what: str
    whose: str
    ours: bool
    state: str
    source: str
    revision: str
    law: bool
    starts: str
    started_at: str
    due_at: str | None
    last_day: str | None
    ended_at: str | None
    place: str
    length: int | None
    unit: str | None
    missed: str | None
    extension: int | None
    extension_needs: str | None
    extensions: tuple[ExtensionAnswer, ...]
    steps: tuple[StepAnswer, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClockList:
    """Clocks: of a request as they began, of all the most urgent first."""

    clocks: tuple[ClockAnswer, ...]


def clock(found: Clock) -> ClockAnswer:
    """Shape a clock."""
    duty = found.duty
    return ClockAnswer(
        clock_id=found.id,
        request_id=found.request_id,
        subject=found.subject,
        act=duty.act,
        what=duty.kind.title,
        whose=duty.kind.by,
        ours=found.ours,
        state=str(found.state),
        source=duty.source,
        revision=duty.revision,
        law=duty.law,
        starts=vocabulary().starts[duty.starts].title,
        started_at=milliseconds(found.started_at),
        due_at=milliseconds(found.due_at) if found.due_at else None,
        last_day=_last(found),
        ended_at=milliseconds(found.ended_at) if found.ended_at else None,
        place=found.hanging.label,
        length=duty.length,
        unit=duty.unit,
        missed=duty.missed,
        extension=duty.extension,
        extension_needs=duty.extension_needs,
        extensions=tuple(
            ExtensionAnswer(
                at=milliseconds(each.at),
                length=each.length,
                reasons=each.reasons,
                estimate=each.estimate.isoformat() if each.estimate else None,
                by=each.by,
            )
            for each in found.extensions
        ),
    )


def explained(found: Explained) -> ClockAnswer:
    """Shape a clock with its days."""
    steps = tuple(_step(found.clock, each) for each in found.steps)
    return replace(clock(found.clock), steps=steps)


def _step(of: Clock, step: Step) -> StepAnswer:
    return StepAnswer(
        day=f"{_local(of, step.since):%Y-%m-%d}",
        since=milliseconds(step.since),
        until=milliseconds(step.until),
        counted=step.counted,
        number=step.number,
        why=step.why,
    )


def _last(of: Clock) -> str | None:
    """Return the last minute that still counts, where the clock hangs."""
    if of.due_at is None:
        return None
    return f"{_local(of, of.due_at - timedelta(seconds=1)):%Y-%m-%d %H:%M}"


def _local(of: Clock, moment: datetime) -> datetime:
    return moment.astimezone(of.hanging.place.zone)
