"""Preservations."""

from sqlalchemy.orm import Session

from services.exchange.remedyrecords import Preservation
from services.exchange.remedytables import PreservationRow
from shared.protocol.law.preservation import PreservationState


def save(db: Session, preservation: Preservation) -> None:
    """Put a preservation on record, new or as it is now."""
    fields = {name: getattr(preservation, name) for name in Preservation.__slots__}
    db.merge(PreservationRow(**fields))
    db.flush()


def look_for(db: Session, request_id: str) -> Preservation | None:
    """Return the preservation of a request, if it asks for one."""
    row = db.get(PreservationRow, request_id, populate_existing=True)
    return None if row is None else _preservation(row)


def _preservation(row: PreservationRow) -> Preservation:
    return Preservation(
        request_id=row.request_id,
        state=PreservationState(row.state),
        until=row.until,
        extensions=row.extensions,
        linked=row.linked,
        changed_at=row.changed_at,
    )
