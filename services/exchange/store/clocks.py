"""SQL of clocks."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.exchange.clocktables import ClockRow
from services.exchange.clockwork import Clock, ClockState, Extension, Hanging
from shared.protocol.law.clocks import Pause
from shared.protocol.law.duties import Duty
from shared.runtime.refusals import NotFound

PAGE = 200  # clocks in one answer


def add(db: Session, clock: Clock) -> None:
    """Put a new clock on record."""
    db.add(ClockRow(request_id=clock.request_id, id=clock.id, **_columns(clock)))
    db.flush()


def of(db: Session, request_id: str) -> tuple[Clock, ...]:
    """Return all clocks of a request, in the order in which they began."""
    query = select(ClockRow).where(ClockRow.request_id == request_id)
    return _clocks(db, query.order_by(ClockRow.started_at, ClockRow.id))


def find(db: Session, request_id: str, clock_id: str) -> Clock:
    """Return a clock of a request.

    Raises:
        NotFound: it has none of that id.
    """
    row = db.get(ClockRow, (request_id, clock_id), populate_existing=True)
    if row is None:
        raise NotFound(
            "unknown_clock",
            "This request has no clock of this id.",
            next_step="List the clocks of the request to find its id.",
        )
    return _clock(row)


def open_before(db: Session, moment: datetime | None) -> tuple[Clock, ...]:
    """Return what is due before a moment and not done, the most urgent first, at most `PAGE`.

    Without a moment: every clock that has a due date. Paused clocks have none.
    """
    query = select(ClockRow).where(ClockRow.ended_at.is_(None), ClockRow.due_at.is_not(None))
    if moment is not None:
        query = query.where(ClockRow.due_at < moment)
    return _clocks(db, query.order_by(ClockRow.due_at, ClockRow.request_id).limit(PAGE))


def take(db: Session, request_id: str) -> list[Clock]:
    """Return the clocks of a request for a change: nobody else changes them in this transaction."""
    query = select(ClockRow).where(ClockRow.request_id == request_id)
    return [*_clocks(db, query.order_by(ClockRow.started_at, ClockRow.id).with_for_update())]


def take_due(db: Session, now: datetime, limit: int) -> tuple[Clock, ...]:
    """Return, for a change, the clocks of which something is to be told by now."""
    query = select(ClockRow).where(ClockRow.next_at <= now).order_by(ClockRow.next_at)
    return _clocks(db, query.limit(limit).with_for_update(skip_locked=True))


def with_effect(db: Session, limit: int) -> tuple[Clock, ...]:
    """Return the clocks whose miss has yet to bring something about."""
    query = select(ClockRow).where(ClockRow.effect.is_not(None))
    return _clocks(db, query.order_by(ClockRow.due_at).limit(limit))


def save(db: Session, clock: Clock) -> None:
    """Write what has become of a clock that was read for a change."""
    db.execute(
        update(ClockRow)
        .where(ClockRow.request_id == clock.request_id, ClockRow.id == clock.id)
        .values(**_columns(clock))
        .execution_options(synchronize_session=False)
    )


def settle(db: Session, clock: Clock) -> None:
    """Note that what a miss brings about has been done."""
    db.execute(
        update(ClockRow)
        .where(ClockRow.request_id == clock.request_id, ClockRow.id == clock.id)
        .values(effect=None)
    )


def _clocks(db: Session, query: Any) -> tuple[Clock, ...]:  # noqa: ANN401 - a Select
    rows: Iterable[ClockRow] = db.scalars(query.execution_options(populate_existing=True))
    return tuple(_clock(row) for row in rows)


def _columns(clock: Clock) -> dict[str, Any]:
    return {
        "subject": clock.subject,
        "act": clock.duty.act,
        "ours": clock.ours,
        "state": str(clock.state),
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "told_at": clock.told_at,
        "next_at": clock.next_at,
        "ended_at": clock.ended_at,
        "effect": clock.effect,
        "details": _details(clock),
    }


def _details(clock: Clock) -> dict[str, Any]:
    hanging = clock.hanging
    return {
        "duty": clock.duty.model_dump(mode="json"),
        "place": {"zone": hanging.zone, "calendar": hanging.calendar, "label": hanging.label},
        "fixed": clock.fixed.isoformat() if clock.fixed else None,
        "pauses": [
            [each.since.isoformat(), each.until.isoformat() if each.until else None, each.why]
            for each in clock.pauses
        ],
        "extensions": [
            {
                "at": each.at.isoformat(),
                "length": each.length,
                "reasons": each.reasons,
                "estimate": each.estimate.isoformat() if each.estimate else None,
                "by": each.by,
            }
            for each in clock.extensions
        ],
    }


def _clock(row: ClockRow) -> Clock:
    told = row.details
    return Clock(
        id=row.id,
        request_id=row.request_id,
        subject=row.subject,
        duty=Duty.model_validate(told["duty"]),
        ours=row.ours,
        state=ClockState(row.state),
        started_at=row.started_at,
        hanging=Hanging(**told["place"]),
        fixed=_moment(told["fixed"]) if told["fixed"] else None,
        pauses=tuple(
            Pause(since=_moment(since), until=_moment(until) if until else None, why=why)
            for since, until, why in told["pauses"]
        ),
        extensions=tuple(
            Extension(
                at=_moment(each["at"]),
                length=each["length"],
                reasons=each["reasons"],
                estimate=_day(each["estimate"]),
                by=each["by"],
            )
            for each in told["extensions"]
        ),
        due_at=row.due_at,
        told_at=row.told_at,
        next_at=row.next_at,
        ended_at=row.ended_at,
        effect=row.effect,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
