"""What became of an object: the states it entered, in order, and where its entry stands."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.exchange.records import EntryRef, Step
from services.exchange.states import Actor
from services.exchange.tables import HistoryRow, PackageRow, RequestRow


def append(db: Session, object_id: str, state: str, actor: Actor) -> None:
    """Note that an object entered a state."""
    step = {"object_id": object_id, "at": actor.at, "state": state, "by": actor.client_id}
    db.add(HistoryRow(**step, officer=actor.officer))
    db.flush()  # one after the other: the order of the rows is the order of the steps


def asked_by(db: Session, object_id: str, state: str, now: datetime) -> Actor:
    """Return who last brought an object into a state: for them a worker does what follows."""
    of_state = select(HistoryRow).where(
        HistoryRow.object_id == object_id, HistoryRow.state == state
    )
    row = db.scalars(of_state.order_by(HistoryRow.id.desc()).limit(1)).one()
    return Actor(client_id=row.by, officer=row.officer, at=now)


def since(db: Session, object_id: str, state: str) -> datetime:
    """Return when an object last came into a state."""
    of_state = select(HistoryRow.at).where(
        HistoryRow.object_id == object_id, HistoryRow.state == state
    )
    return db.scalars(of_state.order_by(HistoryRow.id.desc()).limit(1)).one()


def steps(db: Session, object_id: str) -> tuple[Step, ...]:
    """Return an object's steps, oldest first."""
    rows = db.scalars(
        select(HistoryRow).where(HistoryRow.object_id == object_id).order_by(HistoryRow.id)
    )
    return tuple(Step(at=row.at, state=row.state, by=row.by) for row in rows)


def entry_columns(entry: EntryRef | None) -> dict[str, str | int | None]:
    """Return the columns that say where the entry of a request or package stands."""
    if entry is None:
        return {}
    return {
        "entry_channel": entry.channel,
        "entry_epoch": entry.epoch,
        "entry_seq": entry.seq,
        "entry_hash": entry.hash,
    }


def entry_of(row: RequestRow | PackageRow) -> EntryRef | None:
    """Return where the entry of a request or package stands."""
    if row.entry_channel is None or row.entry_epoch is None:
        return None
    assert row.entry_seq is not None
    assert row.entry_hash is not None
    return EntryRef(
        channel=row.entry_channel, epoch=row.entry_epoch, seq=row.entry_seq, hash=row.entry_hash
    )
