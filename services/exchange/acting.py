"""Any act on a request, one way for all: machine, gates, effect, entry and events, in one transaction.

What an act is stands in two tables: `lifecycle.TRANSITIONS` (from which states, to which, by whom) and
`acts.table` (what it says and does). The other country does the same with the entry: `mirroring`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.exchange import approving, casework, judging, timing
from services.exchange.acts import deciding, table
from services.exchange.acts.contents import Content
from services.exchange.acts.deeds import Deed, Outcome
from services.exchange.acts.table import Performance
from services.exchange.bench import Bench
from services.exchange.gating.results import GateShutError
from services.exchange.records import EntryRef, Request, RequestFile
from services.exchange.signed import Signed
from services.exchange.states import Actor, Direction, advance
from services.exchange.store import Session, requests
from shared.protocol.approvals import Approval
from shared.protocol.law import lifecycle
from shared.protocol.law.lifecycle import Act, State
from shared.runtime.refusals import Conflict, Unprocessable


def perform(
    request_id: str, act: Act, content: Content | Signed[Any], *, bench: Bench, actor: Actor
) -> RequestFile:
    """Do an act on a request.

    Raises:
        NotFound: there is no such request.
        WrongStateError: the act is not open in its state, or in that of a measure that was named.
        Conflict: it is for the other country to do, a gate is shut, or the channel is frozen.
        NotAllowed, Unprocessable: what was said, or the officer's signature over it, is refused.
    """
    try:
        with bench.database.begin() as db:
            request = requests.find(db, request_id)
            _do(db, request, act, content, bench=bench, actor=actor)
            # Commit point: before it nothing was done; after it state, entry and events stand together,
            # and the courier brings the entry to the log and the peer, however often we die.
            return casework.request_file(db, request_id)
    except GateShutError as shut:
        with bench.database.read() as db:
            request = requests.find(db, request_id)
        casework.record_shut(bench.database, request, shut, actor)
        raise


def _do(
    db: Session,
    request: Request,
    act: Act,
    content: Content | Signed[Any],
    *,
    bench: Bench,
    actor: Actor,
) -> None:
    done = table.PERFORMANCES[act]
    casework.of_side(request, _side(act, request))
    said, approval = _said(content, done, request, bench=bench, actor=actor)
    measures = concerned(request, act, getattr(said, "measures", None))
    moved = {each: advance(_state(request, each), act) for each in measures}
    deed = Deed(
        act=act,
        content=said,
        approval=approval,
        request=request,
        measures=measures,
        states=states_after(request, moved),
        actor=actor,
        bench=bench,
        db=db,
    )
    outcome = done.effect(deed)  # the officers' approvals are in the store now: gates look at them
    if done.moment is not None:
        judging.judge(db, request, done.moment, measures=measures, bench=bench, actor=actor)
    requests.move(db, request, moved, actor)
    entry = _tell(deed, outcome)
    if act is Act.SEND and entry is not None:
        requests.set_entry(db, request.id, entry)
    wind(db, request, act, bench=bench, at=actor.at, stated=timing.stated_by(said))


def wind(
    db: Session,
    before: Request,
    act: Act,
    *,
    bench: Bench,
    at: datetime,
    stated: int | None = None,
) -> None:
    """Move the clocks with an act; `at` counts in whole seconds, as its entry tells it."""
    timing.on_act(
        db,
        before,
        requests.find(db, before.id),
        act,
        at=at.replace(microsecond=0),
        directory=bench.directory,
        country=bench.keyring.country,
        stated=stated,
    )


def _tell(deed: Deed, outcome: Outcome) -> EntryRef | None:
    """Write the entry of an act and its events."""
    entry = None
    if outcome.body is not None:
        kind = lifecycle.transition(deed.act).entry
        assert kind is not None
        entry = casework.post(
            deed.db,
            kind,
            deed.request,
            outcome.body,
            keyring=deed.bench.keyring,
            actor=deed.actor,
        )
    signer = {} if deed.approval is None else {"approved_by": deed.approval.officer}
    for event in outcome.events:
        casework.record(
            deed.db,
            event.type,
            deed.request,
            deed.actor,
            reason=event.reason,
            count=event.count,
            **signer,
        )
    return entry


def answered(
    db: Session, request: Request, measures: Sequence[str], *, bench: Bench, actor: Actor
) -> None:
    """Move the measures that a released package answers (T21); the package's entry tells of it."""
    states = {each: advance(_state(request, each), Act.FULFIL_IN_PART) for each in measures}
    requests.move(db, request, states, actor)
    after = requests.find(db, request.id)
    for event in deciding.reached_by(after, measures):
        casework.record(db, event.type, after, actor, reason=event.reason, count=event.count)
    wind(db, request, Act.FULFIL_IN_PART, bench=bench, at=actor.at)


def concerned(request: Request, act: Act, named: Sequence[str] | None) -> Sequence[str]:
    """Return the measures that an act is about: those named, or all to which it is open.

    A draft may ask for nothing yet: then there are none, and the gates say what is missing.

    Raises:
        Unprocessable: the request does not ask for a measure that is named.
        WrongStateError, Conflict: the act is open to none.
    """
    asked = [measure.measure_id for measure in request.measures]
    if named is not None:
        unknown = sorted(set(named) - set(asked))
        if unknown:
            raise Unprocessable(
                "unknown_measure",
                f"The request does not ask for {', '.join(unknown)}.",
                next_step=f"It asks for {', '.join(asked)}.",
            )
        return sorted(set(named))
    sources = lifecycle.transition(act).sources
    able = [each.measure_id for each in request.measures if each.state in sources]
    if not able or (lifecycle.transition(act).whole and request.state not in sources):
        advance(request.state, act)  # says what is possible
        if request.measures:
            raise Conflict(
                "wrong_state",
                "The act is open to none of the measures.",
                next_step="Look where each measure stands.",
            )
    return able


def states_after(request: Request, moved: Mapping[str, State]) -> Mapping[str, State]:
    """Return the states of all measures of a request, after some of them moved."""
    return {each.measure_id: moved.get(each.measure_id, each.state) for each in request.measures}


def _state(request: Request, measure_id: str) -> State:
    return next(each.state for each in request.measures if each.measure_id == measure_id)


def _side(act: Act, request: Request) -> Direction:
    roles = {role.value[:2] for role in lifecycle.transition(act).roles}
    if {"RQ", "RD"} <= roles or "DU" in roles:
        return request.direction
    return Direction.OUT if "RQ" in roles else Direction.IN


def _said(
    content: Content | Signed[Any],
    done: Performance,
    request: Request,
    *,
    bench: Bench,
    actor: Actor,
) -> tuple[Content, Approval | None]:
    """Take what was said, and check the officer's signature where one must be."""
    if not isinstance(content, Signed):
        return content, None
    assert done.signs is not None
    approval = approving.check_statement(
        content, done.act, done.signs, request, officers=bench.officers, now=actor.at
    )
    said: Content = content.statement
    return said, approval
