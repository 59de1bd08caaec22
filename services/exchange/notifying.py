"""Use cases: an officer says that the person concerned was told, or is told later and why (G12, G15).

Who is told hears of the request: so what it keeps confidential (I01, I02) is asked before. A deferral moves
the date by which the person has to be told.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal, Self

from pydantic import model_validator

from services.exchange import casework, informing, matters, urgent
from services.exchange.acts.contents import Content
from services.exchange.bench import Bench
from services.exchange.drafts import Line
from services.exchange.gating import moments
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import GateShutError
from services.exchange.records import Request
from services.exchange.remedyrecords import SubjectNotice
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, notices, requests
from shared.protocol.law import texts
from shared.runtime.refusals import Conflict

RULE = "G15; EER 13; LED 13; 2AP 14(11)"


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


def tell(request_id: str, content: Telling, *, bench: Bench, actor: Actor) -> SubjectNotice:
    """Record that the person was told, or is told later.

    Raises:
        NotFound: there is no such request.
        Conflict: nothing was obtained yet, it is not ours to tell, the person was told before.
        GateShutError: the request is confidential (G12).
    """
    try:
        with bench.database.begin() as db:
            request = casework.of_side(requests.find(db, request_id), Direction.OUT)
            before = _open(notices.look_for(db, request_id))
            due = _later(content, actor)
            if due is None:
                _check_may_hear(db, request, bench=bench, actor=actor)
            word = "notified person" if due is None else "deferred"
            urgent.happened(db, request, word, bench=bench, at=actor.at, until=due)
            after = _after(before, content, due, actor)
            notices.save(db, after)
            casework.record(db, f"notice.{content.state}", request, actor)
            # Commit point: before it the notice is due; after it it is on record, and the log has it.
            return after
    except GateShutError as shut:
        with bench.database.read() as db:
            request = requests.find(db, request_id)
        casework.record_shut(bench.database, request, shut, actor)
        raise


def view(request_id: str, *, bench: Bench) -> SubjectNotice:
    """Return what the person concerned is to be told, was told, or why not yet.

    Raises:
        NotFound: there is no such request.
        Conflict: nothing was obtained yet.
    """
    with bench.database.read() as db:
        return _known(notices.look_for(db, requests.find(db, request_id).id))


def _check_may_hear(db: Session, request: Request, *, bench: Bench, actor: Actor) -> None:
    matter = matters.of_request(db, request, bench=bench, actor=actor)
    moments.guard(replace(matter, audience="person"), Moment.NOTICE)


def _after(
    before: SubjectNotice, content: Telling, due: datetime | None, actor: Actor
) -> SubjectNotice:
    if due is None:
        return replace(before, sent_at=actor.at, remedies=content.remedies, changed_at=actor.at)
    return replace(
        before, due_at=due, ground=content.ground, review=content.review, changed_at=actor.at
    )


def _later(content: Telling, actor: Actor) -> datetime | None:
    """Return by when the person is to be told instead; None: they were told."""
    if content.review is None or content.state == "sent":
        return None
    due = informing.end_of(content.review)
    if due <= actor.at:
        raise Conflict(
            "review_past",
            f"The review on {content.review} is over already.",
            rule=RULE,
            next_step="Name a day to come.",
        )
    return due


def _open(found: SubjectNotice | None) -> SubjectNotice:
    known = _known(found)
    if known.sent_at is not None:
        raise Conflict(
            "told_before",
            "The person was told already.",
            rule=RULE,
            next_step="Nothing is left to do; what was not said then is told by another way.",
        )
    return known


def _known(found: SubjectNotice | None) -> SubjectNotice:
    if found is None:
        raise Conflict(
            "nothing_obtained",
            "Nothing was obtained yet that a person is to be told of.",
            rule=RULE,
            next_step="Wait for the first verified package.",
        )
    return found
