"""Conditions: the sets that were proposed for a request, and where each term stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.exchange.conditiontables import ConditionRow, ConditionSetRow
from shared.protocol import canonical
from shared.protocol.law.conditions import ConditionState
from shared.protocol.messages import Term
from shared.runtime.refusals import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSet:
    """Conditions proposed together; with no terms, a consultation. `states` are those of its terms."""

    id: str
    request_id: str
    state: ConditionState
    digest: str
    terms: tuple[Term, ...]
    measures: tuple[str, ...]
    text: str
    proposed_at: datetime
    settled_at: datetime | None = None
    states: tuple[ConditionState, ...] = ()


def add(db: Session, proposed: ConditionSet) -> None:
    """Put a proposed set on record."""
    db.add(
        ConditionSetRow(
            id=proposed.id,
            request_id=proposed.request_id,
            state=proposed.state,
            digest=proposed.digest,
            terms=to_bytes(proposed.terms),
            measures=list(proposed.measures),
            text=proposed.text,
            proposed_at=proposed.proposed_at,
            settled_at=None,
        )
    )
    db.flush()
    for n, term in enumerate(proposed.terms):
        db.add(ConditionRow(set_id=proposed.id, n=n, code=term.code, state=proposed.state))
    db.flush()


def find(db: Session, request_id: str, set_id: str) -> ConditionSet:
    """Return a set of a request.

    Raises:
        NotFound: the request has none of that id.
    """
    for each in of_request(db, request_id):
        if each.id == set_id:
            return each
    raise NotFound(
        "unknown_condition_set",
        "No conditions of this id were proposed for the request.",
        next_step="Look at its conditions: each set has its id and digest.",
    )


def known(db: Session, set_id: str) -> bool:
    """Say whether a set of this id is on record, of whatever request."""
    query = select(ConditionSetRow.position).where(ConditionSetRow.id == set_id)
    return db.scalar(query) is not None


def of_request(db: Session, request_id: str) -> Sequence[ConditionSet]:
    """Return the sets of a request, the oldest first."""
    rows = db.scalars(
        select(ConditionSetRow)
        .where(ConditionSetRow.request_id == request_id)
        .order_by(ConditionSetRow.position)
        .execution_options(populate_existing=True)
    )
    return [_set(db, row) for row in rows]


def move(db: Session, kept: ConditionSet, state: ConditionState, at: datetime | None) -> None:
    """Write where a set, and every term of it, stands; `at`: when it was settled."""
    values = {"state": str(state)} | ({"settled_at": at} if at else {})
    db.execute(update(ConditionSetRow).where(ConditionSetRow.id == kept.id).values(**values))
    db.execute(update(ConditionRow).where(ConditionRow.set_id == kept.id).values(state=str(state)))


def move_term(db: Session, set_id: str, n: int, state: ConditionState) -> None:
    """Write where one term stands."""
    db.execute(
        update(ConditionRow)
        .where(ConditionRow.set_id == set_id, ConditionRow.n == n)
        .values(state=str(state))
    )


def to_bytes(terms: Sequence[Term]) -> bytes:
    """Write terms as they are kept."""
    return canonical.encode([term.to_json() for term in terms])


def from_bytes(data: bytes) -> tuple[Term, ...]:
    """Read what `to_bytes` wrote."""
    value = canonical.parse(data)
    assert isinstance(value, list)
    return tuple(Term.read(each) for each in value)


def _set(db: Session, row: ConditionSetRow) -> ConditionSet:
    states = db.scalars(
        select(ConditionRow.state).where(ConditionRow.set_id == row.id).order_by(ConditionRow.n)
    )
    return ConditionSet(
        id=row.id,
        request_id=row.request_id,
        state=ConditionState(row.state),
        digest=row.digest,
        terms=from_bytes(row.terms),
        measures=tuple(row.measures),
        text=row.text,
        proposed_at=row.proposed_at,
        settled_at=row.settled_at,
        states=tuple(ConditionState(state) for state in states),
    )
