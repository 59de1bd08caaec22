"""Use cases: the person concerned is told, or later and why (EER 13, LED 13); and what a request has cost.

A notice falls due when data was obtained: in thirty days (policy), or on the day of review where the request
says that telling is delayed (I02). The node does not write to people: an officer says that it was done.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from services.exchange import casework, timing, urgent
from services.exchange.acts.contents import Content
from services.exchange.bench import Bench
from services.exchange.drafts import Line, Prose
from services.exchange.gating.matter import Notice
from services.exchange.records import Package, Request
from services.exchange.remedyrecords import SubjectNotice
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, notices, requests
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from shared.protocol.law import texts
from shared.protocol.legalacts import NoticeBody
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict

DAYS = 30  # shown until the clock of the profile begins; law/data/policy.toml has the length
RULE = "G15; EER 13; LED 13; 2AP 14(11)"
COSTS: Final = "costs"  # the kind of notice


class Telling(Content):
    """The person was told (and how to object), or is told later: on which legal ground, until when."""

    state: Literal["sent", "deferred"]
    remedies: bool = False
    ground: Line | None = None
    review: texts.Day | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.state == "deferred" and (self.ground is None or self.review is None):
            raise ValueError("a deferral names its ground and the day on which it is reviewed")
        return self


class Costing(Content):
    """What a request has cost, in whole units of a currency (ISO 4217): claimed, or paid back."""

    state: Literal["claimed", "reimbursed"]
    amount: Annotated[int, Field(ge=0, lt=2**40)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    text: Prose


def begin(
    db: Session, request: Request, *, directory: Directory, country: Country, actor: Actor
) -> None:
    """Note that data was obtained: from now on the person is to be told."""
    if request.direction is not Direction.OUT or notices.look_for(db, request.id) is not None:
        return
    wish = urgent.document_of(request).subject_notice
    later = wish is not None and wish.rule != "ALLOWED" and wish.review is not None
    due = _day(wish.review) if later and wish is not None else actor.at + timedelta(days=DAYS)
    notice = SubjectNotice(
        request_id=request.id,
        due_at=due,
        ground=str(wish.ground) if later and wish is not None and wish.ground else None,
        review=str(wish.review) if later and wish is not None else None,
        changed_at=actor.at,
    )
    notices.save(db, notice)
    casework.record(db, "notice.deferred" if notice.ground else "notice.due", request, actor)
    timing.happened(
        db,
        request,
        "obtained",
        at=actor.at.replace(microsecond=0),
        directory=directory,
        country=country,
        stated=due if later else None,
    )


def tell(request_id: str, content: Telling, *, bench: Bench, actor: Actor) -> SubjectNotice:
    """Record that the person was told, or is told later.

    Raises:
        NotFound: there is no such request.
        Conflict: nothing was obtained yet, or it is not ours to tell.
    """
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.OUT)
        before = notices.look_for(db, request_id)
        if before is None:
            raise _nothing()
        after = _told(before, content, actor)
        notices.save(db, after)
        casework.record(db, f"notice.{content.state}", request, actor)
        if content.state == "sent":
            urgent.happened(db, request, "notified person", bench=bench, at=actor.at)
        # Commit point: before it the notice is due; after it it is on record, and the log has it.
        return after


def view(request_id: str, *, bench: Bench) -> SubjectNotice:
    """Return what the person concerned is to be told, was told, or why not yet.

    Raises:
        NotFound: there is no such request.
        Conflict: nothing was obtained yet.
    """
    with bench.database.read() as db:
        found = notices.look_for(db, requests.find(db, request_id).id)
    if found is None:
        raise _nothing()
    return found


def cost(request_id: str, content: Costing, *, bench: Bench, actor: Actor) -> None:
    """Tell the other country what a request has cost (requested), or that it was paid back (requesting).

    Raises:
        NotFound: there is no such request.
        Conflict: it is for the other country to say, or the channel is frozen.
    """
    side = Direction.IN if content.state == "claimed" else Direction.OUT
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), side)
        details: dict[str, Any] = {"state": content.state, "amount": content.amount}
        body = NoticeBody(
            kind=COSTS,
            request_id=request.id,
            details=details | {"currency": content.currency},
            text=content.text,
        )
        casework.post(db, EntryType.NOTICE, request, body, keyring=bench.keyring, actor=actor)
        reason = f"CUR-{content.currency}"
        casework.record(
            db, f"costs.{content.state}", request, actor, reason=reason, count=content.amount
        )
        # Commit point: before it nothing was said; after it the courier brings it.


def costs(body: NoticeBody) -> tuple[str, str, int]:
    """Return the event of what the other country says of costs: type, currency, amount.

    Raises:
        Conflict: it does not say what it must.
    """
    try:
        said = Costing.model_validate({**body.details, "text": body.text or "costs"})
    except ValidationError as error:
        raise Conflict("bad_costs", "It says no amount of a currency.", rule="MT 20") from error
    return f"costs.{said.state}", f"CUR-{said.currency}", said.amount


def matter(
    db: Session, request: Request, _package: Package | None, _at: datetime
) -> dict[str, Any]:
    """Return what gates look at (G15): `matters.SOURCES`."""
    known = notices.look_for(db, request.id)
    if known is None:
        return {}
    review = None if known.review is None else _day(known.review).date()
    return {
        "notice": Notice(
            due=known.due_at,
            sent=known.sent_at,
            remedies=known.remedies,
            deferred_on=known.ground,
            review=review,
        )
    }


def _nothing() -> Conflict:
    return Conflict(
        "nothing_obtained",
        "Nothing was obtained yet that a person is to be told of.",
        rule=RULE,
        next_step="Wait for the first verified package.",
    )


def _told(before: SubjectNotice, content: Telling, actor: Actor) -> SubjectNotice:
    if content.state == "sent":
        return replace(before, sent_at=actor.at, remedies=content.remedies, changed_at=actor.at)
    assert content.review is not None
    return replace(
        before,
        due_at=_day(content.review),
        ground=content.ground,
        review=content.review,
        changed_at=actor.at,
    )


def _day(text: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(text), time(), UTC)
