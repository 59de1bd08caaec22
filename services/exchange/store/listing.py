"""What lists need of many objects at once: approvals, steps, the newest entry; one query for each kind."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.exchange.records import GivenApproval, Step
from services.exchange.states import Direction
from services.exchange.store.approvals import given_of
from services.exchange.store.entries import StoredEntry, entry_of
from services.exchange.tables import ApprovalRow, EntryRow, HistoryRow


def approvals(db: Session, object_ids: Sequence[str]) -> Mapping[str, list[GivenApproval]]:
    """Return the approvals of all versions of objects, in the order they were given."""
    query = sa.select(ApprovalRow).where(ApprovalRow.object_id.in_(object_ids))
    found: dict[str, list[GivenApproval]] = defaultdict(list)
    for row in db.scalars(query.order_by(ApprovalRow.id)):
        found[row.object_id].append(given_of(row))
    return found


def steps(db: Session, object_ids: Sequence[str]) -> Mapping[str, list[Step]]:
    """Return the steps of objects, the oldest first."""
    columns = sa.select(HistoryRow.object_id, HistoryRow.at, HistoryRow.state, HistoryRow.by)
    query = columns.where(HistoryRow.object_id.in_(object_ids)).order_by(HistoryRow.id)
    found: dict[str, list[Step]] = defaultdict(list)
    for object_id, at, state, by in db.execute(query):
        found[object_id].append(Step(at=at, state=state, by=by))
    return found


def latest_about(db: Session, transfer_ids: Sequence[str]) -> list[StoredEntry]:
    """Return the newest entry of our own about each of some transfers."""
    place = (EntryRow.channel, EntryRow.epoch, EntryRow.seq)
    query = sa.select(EntryRow.transfer_id, *place).where(
        EntryRow.transfer_id.in_(transfer_ids), EntryRow.direction == Direction.OUT
    )
    newest: dict[str, tuple[object, ...]] = {}
    for transfer_id, *found in db.execute(query.order_by(EntryRow.epoch, EntryRow.seq)):
        newest[str(transfer_id)] = tuple(found)
    if not newest:
        return []
    wanted = sa.select(EntryRow).where(sa.tuple_(*place).in_(list(newest.values())))
    return [entry_of(row) for row in db.scalars(wanted)]
