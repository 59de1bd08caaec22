"""A question that was not answered in time: the authority that asked goes on and decides on the file (T12).

The watch of deadlines calls `go_on` at the node that asked; the other does the same with its notice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from services.exchange import casework, clockwork, timing
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.clockwork import Clock
from services.exchange.records import Request
from services.exchange.states import Actor, Direction, advance
from services.exchange.store import Session, clocks, requests
from shared.protocol.entries import EntryType
from shared.protocol.law.lifecycle import Act, State
from shared.protocol.legalacts import NoticeBody

KIND: Final = "unanswered"  # of the notice that tells of it
WATCH: Final = "clocks"  # who does it: the job that watches deadlines


def go_on(clock: Clock, *, bench: Bench, at: datetime) -> None:
    """Take up again what waited for an answer; nothing if that was done already.

    Raises:
        Conflict: somebody acts on the request at the same moment, or the channel is frozen.
    """
    actor = Actor(client_id=WATCH, at=at)
    with bench.database.begin() as db:
        request = requests.find(db, clock.request_id)
        measures = _waiting(request, [clock.subject])
        if not measures:
            return
        _move(db, request, measures, bench=bench, actor=actor, at=at.replace(microsecond=0))
        body = NoticeBody(
            kind=KIND,
            request_id=request.id,
            details={"measures": list(measures)},
            text="No answer came in time; it is decided on the file.",
        )
        casework.post(db, EntryType.NOTICE, request, body, keyring=bench.keyring, actor=actor)
        # Commit point: before it the measure still waits, and the watch calls again; after it the
        # measure is under review here, and there when the courier has brought the notice.


def taken(db: Session, arrived: Arrived, request: Request, bench: Bench) -> None:
    """Move our request as the country that asked says.

    Raises:
        ContentRefusedError: it is not for that country to say, or nothing waits for an answer.
    """
    body = NoticeBody.read(arrived.entry.body)
    if body.kind != KIND:
        return
    named = body.details.get("measures")
    measures = _waiting(request, named if isinstance(named, list) else [])
    if request.direction is not Direction.OUT or not measures:
        raise ContentRefusedError("not_waiting", "No measure of this request waits for an answer.")
    at = datetime.fromtimestamp(arrived.entry.iat, UTC)
    _move(db, request, measures, bench=bench, actor=arrived.actor, at=at)


def _waiting(request: Request, named: Sequence[object]) -> Sequence[str]:
    return [
        each.measure_id
        for each in request.measures
        if each.measure_id in named and each.state is State.INFO_REQUESTED
    ]


def _move(
    db: Session,
    request: Request,
    measures: Sequence[str],
    *,
    bench: Bench,
    actor: Actor,
    at: datetime,
) -> None:
    for clock in clocks.take(db, request.id):
        if clock.duty.act == "answer" and clock.subject in measures:
            clocks.save(db, clockwork.stop(clock, at))
    states = {each: advance(State.INFO_REQUESTED, Act.ANSWER) for each in measures}
    requests.move(db, request, states, actor)
    after = requests.find(db, request.id)
    directory, country = bench.directory, bench.keyring.country
    timing.on_act(db, request, after, Act.ANSWER, at=at, directory=directory, country=country)
    casework.record(db, "request.unanswered", request, actor, count=len(measures))
