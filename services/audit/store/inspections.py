"""What inspections of the log found."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.audit.tables import inspection

_BEGUN = frozenset({"run_id", "started_at"})  # what does not change any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An inspection: how far it is, when it was last heard of, and what it found once it has ended.

    `bad` is the first entry that does not fit, `detail` says why; both are None where all fits.
    """

    run_id: str
    started_at: datetime
    seen_at: datetime
    checked: int = 0
    size: int = 0
    ended_at: datetime | None = None
    bad: int | None = None
    detail: str | None = None


def add(db: Session, run: Run) -> None:
    """Note that an inspection has begun."""
    db.execute(inspection.insert().values(_values(run)))


def keep(db: Session, run: Run) -> None:
    """Note how an inspection goes on."""
    values = {name: value for name, value in _values(run).items() if name not in _BEGUN}
    db.execute(inspection.update().where(inspection.c.run_id == run.run_id).values(values))


def newest(db: Session) -> Run | None:
    """The one that was begun last."""
    order = (inspection.c.started_at.desc(), inspection.c.run_id.desc())
    row = db.execute(sa.select(inspection).order_by(*order).limit(1)).one_or_none()
    return None if row is None else Run(**row._mapping)  # noqa: SLF001 - the documented way to its names


def _values(run: Run) -> dict[str, object]:
    return {column.name: getattr(run, column.name) for column in inspection.columns}
