"""Officers' approvals: one for each act on each version of an object."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.exchange.records import GivenApproval
from services.exchange.tables import ApprovalRow


def add(db: Session, object_id: str, given: GivenApproval) -> None:
    """Keep an approval. A second one for the same act and version breaks the table's key."""
    db.add(
        ApprovalRow(
            object_id=object_id,
            act=given.act,
            version=given.version,
            digest=given.digest,
            officer=given.officer,
            kid=given.kid,
            client_id=given.client_id,
            jws=given.jws,
            hash=given.hash,
            at=given.at,
        )
    )
    db.flush()


def of(db: Session, object_id: str, version: int) -> tuple[GivenApproval, ...]:
    """Return the approvals of one version, in the order they were given."""
    rows = db.scalars(
        select(ApprovalRow)
        .where(ApprovalRow.object_id == object_id, ApprovalRow.version == version)
        .order_by(ApprovalRow.id)
    )
    return tuple(given_of(row) for row in rows)


def given_of(row: ApprovalRow) -> GivenApproval:
    """Take an approval out of its row."""
    return GivenApproval(
        act=row.act,
        version=row.version,
        digest=row.digest,
        officer=row.officer,
        kid=row.kid,
        client_id=row.client_id,
        jws=row.jws,
        hash=row.hash,
        at=row.at,
    )
