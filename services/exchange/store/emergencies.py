"""Emergencies."""

from sqlalchemy.orm import Session

from services.exchange.remedyrecords import Emergency
from services.exchange.remedytables import EmergencyRow
from shared.protocol.law.emergency import EmergencyState


def save(db: Session, emergency: Emergency) -> None:
    """Put an emergency on record, new or as it is now."""
    db.merge(EmergencyRow(**{name: getattr(emergency, name) for name in Emergency.__slots__}))
    db.flush()


def look_for(db: Session, request_id: str) -> Emergency | None:
    """Return the emergency of a request, if it is one."""
    row = db.get(EmergencyRow, request_id, populate_existing=True)
    if row is None:
        return None
    return Emergency(
        request_id=row.request_id,
        state=EmergencyState(row.state),
        unvalidated=row.unvalidated,
        validated_at=row.validated_at,
        called_at=row.called_at,
        called_by=row.called_by,
        number=row.number,
        changed_at=row.changed_at,
    )
