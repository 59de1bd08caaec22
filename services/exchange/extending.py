"""More time for a duty: told before the end, with reasons, within its rule, and to the other country.

Both hold the same clocks under the same names, so that the notice moves the same date on both sides.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.exchange import casework, clockwork
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.clockwork import Clock, ClockState, Explained, Extension
from services.exchange.drafts import Prose
from services.exchange.records import Request
from services.exchange.states import Actor
from services.exchange.store import Session, clocks, requests
from services.exchange.timing import Tale
from shared.protocol.entries import EntryType
from shared.protocol.legalacts import NoticeBody
from shared.runtime.refusals import Conflict, Refusal, Unprocessable

KIND: Final = "extension"  # of the notice that tells of it


class Extending(BaseModel):
    """How much more time, in the unit of the rule; why; and when it is thought to be done (EIO 12(5))."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    length: Annotated[int, Field(ge=1, le=10_000)]
    reasons: Prose
    estimate: date


def extend(
    request_id: str, clock_id: str, content: Extending, *, bench: Bench, actor: Actor
) -> Explained:
    """Give a clock of ours more time, and tell the other country.

    Raises:
        NotFound: there is no such clock.
        Conflict: it is not ours, its time is up, its rule allows no more, or the channel is frozen.
        Unprocessable: it is more than the rule allows.
    """
    with bench.database.begin() as db:
        request = requests.find(db, request_id)
        clock = clocks.find(db, request_id, clock_id)
        if not clock.ours:
            raise _refused(clock, "not_ours", "This is for the other country to do.", _ASK)
        _check(clock, content.length, actor.at)
        body = NoticeBody(
            kind=KIND,
            request_id=request.id,
            details={
                "clock": clock.id,
                "length": content.length,
                "estimate": content.estimate.isoformat(),
            },
            text=content.reasons,
        )
        casework.post(db, EntryType.NOTICE, request, body, keyring=bench.keyring, actor=actor)
        at = actor.at.replace(microsecond=0)
        after = _extended(db, request, clock, content, at=at, by=bench.keyring.country)
        # Commit point: before it the old date counts; after it the new one, here, and there when the
        # courier has brought the notice.
    return clockwork.explained(after)


def taken(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Move a clock of the other country's as its notice says.

    Raises:
        ContentRefusedError: it has no such clock, or its rule does not allow it.
    """
    body = NoticeBody.read(arrived.entry.body)
    if body.kind != KIND:
        return
    at = datetime.fromtimestamp(arrived.entry.iat, UTC)
    try:
        told = Extending.model_validate(
            {
                "length": body.details.get("length"),
                "estimate": body.details.get("estimate"),
                "reasons": body.text,
            }
        )
        clock = clocks.find(db, request.id, str(body.details.get("clock")))
        if clock.ours:
            raise _refused(clock, "not_yours", "It is for this country to extend.", _TELL)
        _check(clock, told.length, at)
    except ValidationError as error:
        raise ContentRefusedError("bad_extension", "An extension lacks something.") from error
    except Refusal as refusal:
        raise ContentRefusedError(refusal.code, refusal.detail) from refusal
    _extended(db, request, clock, told, at=at, by=arrived.entry.sender)


_LONGEST: Final = 10_000  # all extensions together, in the unit of the rule
_ASK: Final = "Ask it to extend."
_TELL: Final = "Tell the other country how long it will take; the miss stays on record."


def _check(clock: Clock, length: int, at: datetime) -> None:
    """Check that the rule allows it, at that moment."""
    duty = clock.duty
    over = clock.due_at is not None and at >= clock.due_at
    if over or clock.state not in {ClockState.RUNNING, ClockState.PAUSED}:
        raise _refused(clock, "too_late", "An extension has to be told before the end.", _TELL)
    if duty.rule is None or (duty.extension is None and duty.extension_needs is None):
        raise _refused(clock, "no_extension", "Its rule has no extension.", "Do it in time.")
    if duty.extensions is not None and len(clock.extensions) >= duty.extensions:
        raise _refused(clock, "extended_before", "Its rule allows no further extension.", _TELL)
    longest = _LONGEST - sum(each.length for each in clock.extensions)
    if length > min(duty.extension or longest, longest):
        raise Unprocessable(
            "extension_too_long",
            f"{min(duty.extension or longest, longest)} more ({duty.unit}) are allowed, not {length}.",
            rule=duty.source,
            next_step="Extend by less.",
        )


def _extended(
    db: Session, request: Request, clock: Clock, told: Extending, *, at: datetime, by: str
) -> Clock:
    extension = Extension(
        at=at, length=told.length, reasons=told.reasons, estimate=told.estimate, by=by
    )
    after = clockwork.extend(clock, extension)
    clocks.save(db, after)
    tale = Tale()
    tale.add("clock.extended", after)
    tale.post(db, request, at)
    return after


def _refused(clock: Clock, code: str, detail: str, step: str) -> Conflict:
    return Conflict(code, detail, rule=clock.duty.source, next_step=step, clock=clock.id)
