"""Use cases: the person concerned is told, or later and why (EER 13, LED 13); and what a request has cost.

A notice falls due when data was obtained: in thirty days (policy), or on the day of review where the request
says that telling is delayed (I02). The node does not write to people: an officer says that it was done
(`notifying`).
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from services.exchange import casework, supplying, timing
from services.exchange.acts.contents import Content
from services.exchange.bench import Bench
from services.exchange.drafts import Prose
from services.exchange.gating.matter import Notice
from services.exchange.records import Package, Request
from services.exchange.remedyrecords import SubjectNotice
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, notices, requests
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from shared.protocol.legalacts import NoticeBody
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict

DAYS = 30  # shown until the clock of the profile begins; law/data/policy.toml has the length
COSTS: Final = "costs"  # the kind of notice


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
    wish = supplying.document(db, request).subject_notice
    later = wish is not None and wish.rule != "ALLOWED" and wish.review is not None
    due = end_of(wish.review) if later and wish is not None else actor.at + timedelta(days=DAYS)
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
    review = None if known.review is None else date.fromisoformat(known.review)
    return {
        "notice": Notice(
            due=known.due_at,
            sent=known.sent_at,
            remedies=known.remedies,
            deferred_on=known.ground,
            review=review,
        )
    }


def end_of(text: str) -> datetime:
    """Return the last second of a day, in UTC: on the day itself there is still time to tell."""
    return datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC)
