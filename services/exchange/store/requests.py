"""Requests for assistance and their measures."""

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.exchange.records import EntryRef, Measure, Request
from services.exchange.states import (
    Actor,
    Direction,
    MeasureState,
    RequestAct,
    RequestState,
    advance_request,
)
from services.exchange.store import history
from services.exchange.tables import MeasureRow, RequestRow
from shared.runtime.refusals import Conflict, NotFound

PAGE = 500  # requests or packages in one answer


def add(db: Session, request: Request) -> None:
    """Put a new request on record, with its measures and the first step of its history."""
    db.add(
        RequestRow(
            id=request.id,
            direction=request.direction,
            peer=request.peer,
            state=request.state,
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


def listed(
    db: Session, *, direction: Direction | None, state: RequestState | None
) -> tuple[Request, ...]:
    """Return the newest requests first, at most `PAGE`."""
    query = select(RequestRow).order_by(RequestRow.id.desc()).limit(PAGE)
    if direction is not None:
        query = query.where(RequestRow.direction == direction)
    if state is not None:
        query = query.where(RequestRow.state == state)
    rows = db.scalars(query).all()
    measures = _measures(db, [row.id for row in rows])
    return tuple(_request(row, measures[row.id]) for row in rows)


def move(db: Session, request_id: str, act: RequestAct, actor: Actor) -> RequestState:
    """Move a request along an arrow, by compare-and-swap, and note it in its history.

    Raises:
        NotFound: there is none of that id.
        WrongStateError: the act is not open in its state.
        Conflict: somebody else moved it at the same time.
    """
    before = find(db, request_id).state
    after = advance_request(before, act)
    moved = db.scalar(
        update(RequestRow)
        .where(RequestRow.id == request_id, RequestRow.state == before)
        .values(state=after, updated_at=actor.at)
        .returning(RequestRow.id)
    )
    if moved is None:
        raise Conflict(
            "moved_meanwhile",
            "Somebody else changed this request at the same moment.",
            next_step="Look at it again, then decide.",
        )
    history.append(db, request_id, after, actor)
    return after


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


def set_measures(db: Session, request_id: str, states: Mapping[str, MeasureState]) -> None:
    """Write what was decided, measure by measure."""
    for measure_id, state in states.items():
        db.execute(
            update(MeasureRow)
            .where(MeasureRow.request_id == request_id, MeasureRow.measure_id == measure_id)
            .values(state=state)
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
        )
        found[row.request_id] = (*found[row.request_id], measure)
    return found


def _request(row: RequestRow, measures: tuple[Measure, ...]) -> Request:
    return Request(
        id=row.id,
        direction=row.direction,
        peer=row.peer,
        state=row.state,
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
