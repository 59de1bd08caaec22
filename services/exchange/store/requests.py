"""Requests for assistance and their measures."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.exchange.records import MAX_LISTED, EntryRef, Measure, Request, RequestsWanted
from services.exchange.states import Actor
from services.exchange.store import history
from services.exchange.tables import MeasureRow, RequestRow
from shared.protocol.law.lifecycle import State, fold
from shared.runtime.refusals import Conflict, NotFound


def add(db: Session, request: Request) -> None:
    """Put a new request on record, with its measures and the first step of its history."""
    db.add(
        RequestRow(
            id=request.id,
            direction=request.direction,
            peer=request.peer,
            state=request.state,
            turn=request.turn,
            kind=request.kind,
            urgency=request.urgency,
            instrument=request.instrument,
            version=request.version,
            document=request.document,
            digest=request.digest,
            own_reference=request.own_reference,
            created_by=request.created_by,
            created_at=request.created_at,
            updated_at=request.updated_at,
            **history.entry_columns(request.entry),
        )
    )
    db.flush()
    _add_measures(db, request.id, request.measures)
    first = Actor(client_id=request.created_by, at=request.created_at)
    history.append(db, request.id, request.state, first)


def find(db: Session, request_id: str) -> Request:
    """Return a request.

    Raises:
        NotFound: there is none of that id.
    """
    row = db.get(RequestRow, request_id, populate_existing=True)
    if row is None:
        raise NotFound(
            "unknown_request",
            "There is no request of this id here.",
            next_step="List the requests to find its id.",
        )
    return _request(row, _measures(db, [request_id])[request_id])


def listed(db: Session, wanted: RequestsWanted) -> tuple[Request, ...]:
    """Return the newest requests first, at most `limit`."""
    query = select(RequestRow).order_by(RequestRow.id.desc()).limit(min(wanted.limit, MAX_LISTED))
    for name in ("direction", "state", "peer", "kind", "urgency"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(RequestRow, name) == value)
    if wanted.before is not None:
        query = query.where(RequestRow.id < wanted.before)
    if wanted.text is not None:
        query = query.where(
            RequestRow.own_reference >= wanted.text,
            RequestRow.own_reference < wanted.text + "\U0010ffff",
        )
    rows = db.scalars(query).all()
    measures = _measures(db, [row.id for row in rows])
    return tuple(_request(row, measures[row.id]) for row in rows)


def move(db: Session, request: Request, states: Mapping[str, State], actor: Actor) -> State:
    """Write where measures stand now, by compare-and-swap on the turn, and note it in the history.

    Args:
        db: the transaction.
        request: as it was read in it.
        states: of the measures that moved.
        actor: who moved them.

    Returns:
        The state of the request: the fold of its measures.

    Raises:
        Conflict: somebody else moved it at the same time.
    """
    stands = [states.get(each.measure_id, each.state) for each in request.measures]
    after = fold(stands or [request.state])  # a draft that asks for nothing yet stays a draft
    moved = db.scalar(
        update(RequestRow)
        .where(RequestRow.id == request.id, RequestRow.turn == request.turn)
        .values(state=after, turn=request.turn + 1, updated_at=actor.at)
        .returning(RequestRow.id)
    )
    if moved is None:
        raise Conflict(
            "moved_meanwhile",
            "Somebody else changed this request at the same moment.",
            next_step="Look at it again, then decide.",
        )
    for measure_id, state in states.items():
        _set_measure(db, request.id, measure_id, state=state)
    history.append(db, request.id, after, actor)
    return after


def consulted(db: Session, request_id: str, measures: Iterable[str], at: datetime | None) -> None:
    """Note that the authorities consulted on measures (T13); None: what they said is of the past (T29)."""
    for measure_id in measures:
        _set_measure(db, request_id, measure_id, consulted_at=at)


def disagree(db: Session, request_id: str, said: str | None) -> None:
    """Note what the peer says of the state where it differs from ours; None: it does not any more."""
    db.execute(update(RequestRow).where(RequestRow.id == request_id).values(disagreement=said))


def replace_document(db: Session, request: Request) -> None:
    """Write a new version of a draft's document and measures."""
    db.execute(
        update(RequestRow)
        .where(RequestRow.id == request.id)
        .values(
            peer=request.peer,
            version=request.version,
            document=request.document,
            digest=request.digest,
            own_reference=request.own_reference,
            kind=request.kind,
            urgency=request.urgency,
            instrument=request.instrument,
            updated_at=request.updated_at,
        )
    )
    db.execute(delete(MeasureRow).where(MeasureRow.request_id == request.id))
    _add_measures(db, request.id, request.measures)


def set_entry(db: Session, request_id: str, entry: EntryRef) -> None:
    """Note where the entry that carries a request stands."""
    db.execute(
        update(RequestRow).where(RequestRow.id == request_id).values(**history.entry_columns(entry))
    )


def _set_measure(db: Session, request_id: str, measure_id: str, **values: object) -> None:
    db.execute(
        update(MeasureRow)
        .where(MeasureRow.request_id == request_id, MeasureRow.measure_id == measure_id)
        .values(**values)
    )


def _add_measures(db: Session, request_id: str, measures: Iterable[Measure]) -> None:
    for ordinal, measure in enumerate(measures):
        db.add(
            MeasureRow(
                request_id=request_id,
                measure_id=measure.measure_id,
                ordinal=ordinal,
                code=measure.code,
                description=measure.description,
                state=measure.state,
            )
        )
    db.flush()


def _measures(db: Session, request_ids: list[str]) -> dict[str, tuple[Measure, ...]]:
    rows = db.scalars(
        select(MeasureRow)
        .where(MeasureRow.request_id.in_(request_ids))
        .order_by(MeasureRow.request_id, MeasureRow.ordinal)
        .execution_options(populate_existing=True)
    )
    found: dict[str, tuple[Measure, ...]] = dict.fromkeys(request_ids, ())
    for row in rows:
        measure = Measure(
            measure_id=row.measure_id,
            code=row.code,
            description=row.description,
            state=row.state,
            consulted_at=row.consulted_at,
        )
        found[row.request_id] = (*found[row.request_id], measure)
    return found


def _request(row: RequestRow, measures: tuple[Measure, ...]) -> Request:
    return Request(
        id=row.id,
        direction=row.direction,
        peer=row.peer,
        state=row.state,
        turn=row.turn,
        kind=row.kind,
        urgency=row.urgency,
        instrument=row.instrument,
        disagreement=row.disagreement,
        version=row.version,
        document=row.document,
        digest=row.digest,
        own_reference=row.own_reference,
        measures=measures,
        entry=history.entry_of(row),
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
