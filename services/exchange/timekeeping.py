"""Use cases of deadlines: shown with each day explained, listed by what is due first, extended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.exchange import clockwork
from services.exchange.clockwork import Clock, ClockState, Extension
from services.exchange.records import Request
from services.exchange.states import Actor
from services.exchange.store import Session, clocks, requests
from services.exchange.timing import Tale
from shared.protocol.identifiers import Country
from shared.protocol.law.clocks import Step
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, Unprocessable


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A clock, and each step to its end."""

    clock: Clock
    steps: tuple[Step, ...]


def shown(request_id: str, *, database: Database) -> tuple[Explained, ...]:
    """Return the clocks of a request with every day explained.

    Raises:
        NotFound: there is no such request.
    """
    with database.read() as db:
        requests.find(db, request_id)
        found = clocks.of(db, request_id)
    return tuple(Explained(clock=each, steps=clockwork.due(each).steps) for each in found)


def listed(*, due_before: datetime | None, database: Database) -> Sequence[Clock]:
    """Return what is due and not done, the most urgent first."""
    with database.read() as db:
        return clocks.open_before(db, due_before)


def extend(  # noqa: PLR0913 - what an extension says
    request_id: str,
    clock_id: str,
    *,
    length: int,
    reasons: str,
    estimate: date,
    database: Database,
    country: Country,
    actor: Actor,
) -> Explained:
    """Give a clock of ours more time, once its rule allows it, and with reasons.

    Raises:
        NotFound: there is no such clock.
        Conflict: it is not ours, its time is up, or its rule allows no more.
        Unprocessable: it is more than the rule allows.
    """
    with database.begin() as db:
        request = requests.find(db, request_id)
        clock = clocks.find(db, request_id, clock_id)
        check(clock, length)
        told = Extension(at=actor.at, length=length, reasons=reasons, estimate=estimate, by=country)
        after = _extended(db, request, clock, told)
        # Commit point: before it the old date counts; after it the new one, and the log tells of it.
    return Explained(clock=after, steps=clockwork.due(after).steps)


def check(clock: Clock, length: int) -> None:
    """Check that a rule lets this country extend a clock by so much, now."""
    duty = clock.duty
    if not clock.ours:
        raise _refused(
            clock, "not_ours", "This is for the other country to do.", "Ask it to extend."
        )
    if clock.state not in {ClockState.RUNNING, ClockState.PAUSED}:
        step = "Tell the other country how long it will take; the miss stays on record."
        raise _refused(clock, "too_late", "An extension has to be told before the end.", step)
    if duty.rule is None or (duty.extension is None and duty.extension_needs is None):
        raise _refused(clock, "no_extension", "The rule has no extension.", "Do it in time.")
    if duty.extensions is not None and len(clock.extensions) >= duty.extensions:
        raise _refused(clock, "extended_already", "It was extended as often as the rule allows.",
                       "Tell the other country how long it will take.")  # fmt: skip
    if duty.extension is not None and length > duty.extension:
        raise Unprocessable(
            "extension_too_long",
            f"The rule allows {duty.extension} more ({duty.unit}), not {length}.",
            rule=duty.source,
            next_step=f"Extend by at most {duty.extension}.",
        )


def _extended(db: Session, request: Request, clock: Clock, told: Extension) -> Clock:
    after = clockwork.extend(clock, told)
    clocks.save(db, after)
    tale = Tale()
    tale.add("clock.extended", after)
    tale.post(db, request, told.at)
    return after


def _refused(clock: Clock, code: str, detail: str, step: str) -> Conflict:
    return Conflict(code, detail, rule=clock.duty.source, next_step=step, clock=clock.id)
