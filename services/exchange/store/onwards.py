"""Evidence that is to be handed on to a third State: asked, consented to, refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.exchange.conditiontables import OnwardRow
from shared.runtime.refusals import NotFound

ASKED, CONSENTED, REFUSED, TOLD = "ASKED", "CONSENTED", "REFUSED", "TOLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """The fields of `conditiontables.OnwardRow`; TOLD: handed on in a threat, and its sender told."""

    id: str
    package_id: str
    state: str
    recipient: str
    purpose: str
    items: tuple[str, ...]
    urgent: bool
    text: str
    until: datetime | None = None
    asked_at: datetime
    decided_at: datetime | None = None
    token: str | None = None


def add(db: Session, onward: Onward) -> None:
    """Put it on record."""
    db.add(
        OnwardRow(
            id=onward.id,
            package_id=onward.package_id,
            state=onward.state,
            recipient=onward.recipient,
            purpose=onward.purpose,
            items=list(onward.items),
            urgent=onward.urgent,
            text=onward.text,
            until=onward.until,
            asked_at=onward.asked_at,
            decided_at=onward.decided_at,
            token=onward.token,
        )
    )
    db.flush()


def of_package(db: Session, package_id: str) -> Sequence[Onward]:
    """Return what was asked about a package, the oldest first."""
    rows = db.scalars(
        select(OnwardRow)
        .where(OnwardRow.package_id == package_id)
        .order_by(OnwardRow.id)
        .execution_options(populate_existing=True)
    )
    return [_onward(row) for row in rows]


def known(db: Session, onward_id: str) -> bool:
    """Say whether one of this id is on record, of whatever package."""
    return db.get(OnwardRow, onward_id) is not None


def find(db: Session, package_id: str, onward_id: str) -> Onward:
    """Return one.

    Raises:
        NotFound: the package has none of that id.
    """
    for each in of_package(db, package_id):
        if each.id == onward_id:
            return each
    raise NotFound(
        "unknown_onward",
        "Nobody asked to hand this package on under this id.",
        next_step="Look at the use of the package: it lists what was asked.",
    )


def decide(
    db: Session, onward_id: str, state: str, *, at: datetime, until: datetime | None, token: str
) -> None:
    """Write what the sending State said."""
    db.execute(
        update(OnwardRow)
        .where(OnwardRow.id == onward_id)
        .values(state=state, decided_at=at, until=until, token=token)
    )


def _onward(row: OnwardRow) -> Onward:
    return Onward(
        id=row.id,
        package_id=row.package_id,
        state=row.state,
        recipient=row.recipient,
        purpose=row.purpose,
        items=tuple(row.items),
        urgent=row.urgent,
        text=row.text,
        until=row.until,
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        token=row.token,
    )
