"""SQL of the outbox to audit: what happened, written with the fact it tells."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.exchange.tables import EventRow


def post(
    db: Session, *, event_id: str, payload: bytes, entry_hash: str | None, now: datetime
) -> None:
    """Put an event (canonical JSON) in the outbox, in the caller's transaction."""
    db.add(
        EventRow(
            event_id=event_id,
            payload=payload,
            entry_hash=entry_hash,
            attempts=0,
            due_at=now,
            done=False,
            created_at=now,
        )
    )
    db.flush()
