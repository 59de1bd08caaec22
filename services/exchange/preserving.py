"""Use cases: data is ordered to be kept, for longer, until a request for it is decided; and let go (BUD 29).

The request of preservation goes its way as any other; what becomes of the data stands in a row of its own,
the same in both countries, moved by entries of the type `preservation`.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.exchange import casework, matters, timing, urgent
from services.exchange.acts.preserving import Keeping
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.clockwork import Clock
from services.exchange.records import Request
from services.exchange.remedyrecords import Preservation
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, preservations, requests
from shared.protocol.entries import EntryType
from shared.protocol.law.lifecycle import State
from shared.protocol.law.preservation import (
    KEPT,
    PreservationState,
    PreservationStep,
    WrongPreservationError,
    advance,
)
from shared.protocol.law.shapes import Preservation as Rule
from shared.protocol.legalacts import MeasureState, PreservationBody
from shared.runtime.refusals import Conflict, Unprocessable

RULE = "BUD 16, 29; EER 11"
WATCH = "clocks"
# Who says it: the country that was asked, but for a question for more time and what links to it.
_ASKERS = frozenset({PreservationStep.ASK, PreservationStep.LINK})
_WORDS = {
    PreservationStep.ORDER: "ordered",
    PreservationStep.EXTEND: "extended",
    PreservationStep.LINK: "linked",
    PreservationStep.RELEASE: "released",
}
_EVENTS = {
    PreservationStep.ORDER: "preservation.ordered",
    PreservationStep.EXTEND: "preservation.extended",
    PreservationStep.LINK: "preservation.linked",
    PreservationStep.RELEASE: "preservation.released",
    PreservationStep.EXPIRE: "preservation.lapsed",
    PreservationStep.REFUSE: "preservation.refused",
    PreservationStep.WARN: "preservation.warned",
    PreservationStep.ASK: "request.noted",
}


def keep(request_id: str, content: Keeping, *, bench: Bench, actor: Actor) -> Preservation:
    """Say what becomes of data that is to be preserved: ordered, extended, warned of, released, asked for.

    Raises:
        NotFound: there is no such request.
        Conflict: it asks for no preservation, the step is the other country's or does not follow.
        Unprocessable: a day is missing, or goes beyond what the profile allows.
    """
    what = PreservationStep(content.state)
    with bench.database.begin() as db:
        request = requests.find(db, request_id)
        casework.of_side(request, Direction.OUT if what in _ASKERS else Direction.IN)
        before = _begun(db, request, actor)
        until = _until(db, before, what, content, request, bench=bench, actor=actor)
        after = _step(db, request, before, what, until, bench=bench, actor=actor)
        _tell(db, request, what, after, content.text, bench=bench, actor=actor)
        # Commit point: before it nothing has changed; after it both countries will know till when.
        return after


def link(db: Session, request: Request, *, bench: Bench, actor: Actor) -> None:
    """Keep what was preserved until this request for it is decided (BUD 29(7)); in either country."""
    previous = urgent.document_of(request).previous
    if previous is None or previous.relation != "PRESERVATION":
        return
    kept = preservations.look_for(db, previous.request_id)
    if kept is None or kept.state not in KEPT or kept.linked is not None:
        return
    earlier = requests.find(db, kept.request_id)
    if earlier.peer != request.peer:
        return
    linked = replace(kept, linked=request.id)
    _step(db, earlier, linked, PreservationStep.LINK, None, bench=bench, actor=actor)


def expire(clock: Clock, *, bench: Bench, at: datetime) -> None:
    """Let a preservation end whose time is over: the provider is told, and the other country.

    Raises:
        Conflict: somebody acts on the request at the same moment, or the channel is frozen.
    """
    actor = Actor(client_id=WATCH, at=at)
    with bench.database.begin() as db:
        request = requests.find(db, clock.request_id)
        kept = preservations.look_for(db, request.id)
        over = kept is not None and kept.until is not None and kept.until <= at
        if kept is None or not over or kept.linked is not None or kept.state not in KEPT:
            return
        what = PreservationStep.EXPIRE
        after = _step(db, request, kept, what, kept.until, bench=bench, actor=actor)
        _tell(db, request, what, after, "The time is over.", bench=bench, actor=actor)
        # Commit point: before it the data is kept and the watch calls again; after it it is not.


def taken(db: Session, arrived: Arrived, request: Request, bench: Bench) -> None:
    """Do here what the other country says of a preservation.

    Raises:
        ContentRefusedError: it is not for that country to say.
        Conflict, Unprocessable: it does not follow, or what is called an extension is none.
    """
    body = PreservationBody.read(arrived.entry.body)
    what = PreservationStep(body.state)
    theirs = Direction.IN if what in _ASKERS else Direction.OUT
    if request.direction is not theirs:
        raise ContentRefusedError("other_side", f"{what} is for the other country to say.")
    at = datetime.fromtimestamp(arrived.entry.iat, UTC)
    actor = Actor(client_id=arrived.entry.sender, at=at)
    until = None if body.until is None else datetime.fromtimestamp(body.until, UTC)
    before = _begun(db, request, actor)
    if what is PreservationStep.EXTEND:
        rule = matters.preservation_rule(db, request, bench=bench, at=at)
        check_extension(before, rule, until)
    _step(db, request, before, what, until, bench=bench, actor=actor)


def view(request_id: str, *, bench: Bench) -> Preservation:
    """Return how a preservation stands.

    Raises:
        NotFound: there is no such request.
        Conflict: it asks for none, or nothing was ordered yet.
    """
    with bench.database.read() as db:
        request = requests.find(db, request_id)
        found = preservations.look_for(db, request.id)
    if found is None:
        raise _none()
    return found


def _begun(db: Session, request: Request, actor: Actor) -> Preservation:
    """Return the preservation of a request, which begins when it is first spoken of."""
    if not str(request.kind or "").startswith("PRESERVATION"):
        raise _none()
    known = preservations.look_for(db, request.id)
    return known or Preservation(
        request_id=request.id, state=PreservationState.REQUESTED, changed_at=actor.at
    )


def _none() -> Conflict:
    return Conflict(
        "no_preservation",
        "This request asks for no preservation, or nothing was ordered yet.",
        rule=RULE,
        next_step="Send a request of the kind PRESERVATION.",
    )


def _until(  # noqa: PLR0913 - what is known, and what is said
    db: Session,
    before: Preservation,
    what: PreservationStep,
    content: Keeping,
    request: Request,
    *,
    bench: Bench,
    actor: Actor,
) -> datetime | None:
    """Return until when data is kept; without a day, as long as the profile says at least."""
    if what not in {PreservationStep.ORDER, PreservationStep.EXTEND}:
        return before.until
    rule = matters.preservation_rule(db, request, bench=bench, at=actor.at)
    if content.until is None:
        until = _by_rule(before, what, request, rule, bench=bench, actor=actor)
    else:
        until = datetime.fromtimestamp(content.until, UTC)
        _check_order(what, until, rule, actor)
    if what is PreservationStep.EXTEND:
        check_extension(before, rule, until)
    return until


def _check_order(what: PreservationStep, until: datetime, rule: Rule, actor: Actor) -> None:
    if what is PreservationStep.ORDER and until < actor.at + timedelta(days=rule.least_days):
        raise Unprocessable(
            "too_short",
            f"Data is preserved for {rule.least_days} days at least.",
            rule=f"{rule.article}",
            next_step="Name a later day, or none.",
        )


def _by_rule(
    before: Preservation,
    what: PreservationStep,
    request: Request,
    rule: Rule,
    *,
    bench: Bench,
    actor: Actor,
) -> datetime:
    """Return the end of the last day, as the clock of the preservation has it."""
    if what is PreservationStep.EXTEND and before.until is not None:
        return before.until + timedelta(days=rule.extension_days or rule.least_days)
    end = timing.would_end(
        request,
        "ordered",
        at=actor.at.replace(microsecond=0),
        directory=bench.directory,
        country=bench.keyring.country,
    )
    return end or actor.at + timedelta(days=rule.least_days)


def check_extension(before: Preservation, rule: Rule, until: datetime | None) -> None:
    """Check that data is kept for longer than before, and no longer than an extension may be."""
    if before.state not in KEPT:
        return  # `_step` says that it does not follow
    if rule.extensions is not None and before.extensions >= rule.extensions:
        raise Conflict(
            "extended_already",
            f"A preservation is extended {rule.extensions} times at most.",
            rule=rule.article,
            next_step="Ask for the data itself: then it is kept until that is decided.",
        )
    if until is None or (before.until is not None and until <= before.until):
        raise Unprocessable(
            "too_short",
            "An extension ends later than what it extends.",
            rule=rule.article,
            next_step="Name a later day, or none; to let go of the data is another step.",
        )
    days = rule.extension_days
    if days and before.until is not None and until > before.until + timedelta(days=days):
        raise Unprocessable(
            "too_long",
            f"A preservation is extended by {days} days at most.",
            rule=rule.article,
            next_step="Name an earlier day, or none.",
        )


def _step(  # noqa: PLR0913 - from what to what, and for whom
    db: Session,
    request: Request,
    before: Preservation,
    what: PreservationStep,
    until: datetime | None,
    *,
    bench: Bench,
    actor: Actor,
) -> Preservation:
    try:
        state = advance(before.state, what)
    except WrongPreservationError as error:
        raise Conflict(error.code, f"{error.detail}.", rule=RULE, stage=before.state) from error
    more = before.extensions + (what is PreservationStep.EXTEND)
    after = replace(before, state=state, until=until, extensions=more, changed_at=actor.at)
    preservations.save(db, after)
    casework.record(db, _EVENTS[what], request, actor)
    if word := _WORDS.get(what):
        urgent.happened(db, request, word, bench=bench, at=actor.at, until=until)
    return after


def _tell(  # noqa: PLR0913 - what, to whom
    db: Session,
    request: Request,
    what: PreservationStep,
    after: Preservation,
    text: str,
    *,
    bench: Bench,
    actor: Actor,
) -> None:
    body = PreservationBody(
        request_id=request.id,
        states=tuple(
            MeasureState(measure_id=each.measure_id, state=State(each.state))
            for each in request.measures
        ),
        state=what.value,
        until=None if after.until is None else int(after.until.timestamp()),
        text=text,
    )
    casework.post(db, EntryType.PRESERVATION, request, body, keyring=bench.keyring, actor=actor)
