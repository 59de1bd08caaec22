"""SQL of findings."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.exchange.findingtables import FindingRow
from services.exchange.records import SignedStatement


def add(db: Session, given: SignedStatement) -> None:
    """Keep what an officer signed about an object."""
    db.add(
        FindingRow(
            object_id=given.object_id,
            act=given.act,
            version=given.version,
            statement=given.statement,
            approval=given.approval,
            officer=given.officer,
            client_id=given.client_id,
            at=given.at,
        )
    )
    db.flush()


def of(db: Session, object_id: str) -> Sequence[SignedStatement]:
    """Return what was signed about an object, in the order in which it came."""
    query = select(FindingRow).where(FindingRow.object_id == object_id)
    return [
        SignedStatement(
            object_id=row.object_id,
            act=row.act,
            version=row.version,
            statement=row.statement,
            approval=row.approval,
            officer=row.officer,
            client_id=row.client_id,
            at=row.at,
        )
        for row in db.scalars(query.order_by(FindingRow.position))
    ]
