"""Notices to the person concerned."""

from sqlalchemy.orm import Session

from services.exchange.remedyrecords import SubjectNotice
from services.exchange.remedytables import SubjectNoticeRow


def save(db: Session, notice: SubjectNotice) -> None:
    """Put a notice on record, new or as it is now."""
    fields = {name: getattr(notice, name) for name in SubjectNotice.__slots__}
    db.merge(SubjectNoticeRow(**fields))
    db.flush()


def look_for(db: Session, request_id: str) -> SubjectNotice | None:
    """Return what the person is to be told about a request, if anything was obtained."""
    row = db.get(SubjectNoticeRow, request_id, populate_existing=True)
    if row is None:
        return None
    return SubjectNotice(
        request_id=row.request_id,
        due_at=row.due_at,
        sent_at=row.sent_at,
        remedies=row.remedies,
        ground=row.ground,
        review=row.review,
        changed_at=row.changed_at,
    )
