"""What is counted of refused calls."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from services.gateway.tables import TallyRow, WindowRow

Insert = sqlite.Insert | postgresql.Insert
VARIOUS = "various"
MOST_TALLIES = 1000  # of one owner in one window; what comes on top is counted by its reason alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often, from where, why, since when (milliseconds since 1970)."""

    address: str
    reason: str
    began: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """An owner's window that is over, and what was counted in it, most first."""

    owner: str
    tallies: tuple[Tally, ...]


def enter_window(db: Session, owner: str, *, now: int, count: int) -> tuple[int, bool]:
    """Add to the owner's window, opening one if there is none; `now` in milliseconds.

    Returns:
        How many refusals it now has, and whether the one before was noisy.
    """
    row = {"owner": owner, "opened": now, "number": count, "noisy": False}
    entered = (
        _insert(db, WindowRow)
        .values(row)
        .on_conflict_do_update(index_elements=["owner"], set_={"number": WindowRow.number + count})
        .returning(WindowRow.number, WindowRow.noisy)
    )
    number, noisy = db.execute(entered).one()
    return int(number), bool(noisy)


def tally(db: Session, owner: str, tallied: Tally) -> None:
    """Count refusals; once there are `MOST_TALLIES` different ones, no more addresses are told apart."""
    address = tallied.address
    if not _known(db, owner, address, tallied.reason) and _number(db, owner) >= MOST_TALLIES:
        address = VARIOUS
    row = {
        "owner": owner,
        "address": address,
        "reason": tallied.reason,
        "began": tallied.began,
        "count": tallied.count,
    }
    db.execute(
        _insert(db, TallyRow)
        .values(row)
        .on_conflict_do_update(
            index_elements=["owner", "address", "reason"],
            set_={"count": TallyRow.count + tallied.count},
        )
    )


def close_windows(db: Session, *, opened_before: int, now: int) -> list[Window]:
    """End the windows that opened before then; the next one of a noisy owner is open at once.

    One that opens in the future was opened before the clock was set back: it ends, too.
    """
    old = sa.or_(WindowRow.opened < opened_before, WindowRow.opened > now)
    over = sa.delete(WindowRow).where(old).returning(WindowRow.owner)
    windows = [Window(owner=owner, tallies=_take(db, owner)) for owner in sorted(db.scalars(over))]
    for window in windows:
        if window.tallies:
            db.add(WindowRow(owner=window.owner, opened=now, number=0, noisy=True))
    return windows


def _take(db: Session, owner: str) -> tuple[Tally, ...]:
    taken = sa.delete(TallyRow).where(TallyRow.owner == owner)
    columns = (TallyRow.address, TallyRow.reason, TallyRow.began, TallyRow.count)
    rows = db.execute(taken.returning(*columns)).all()
    tallies = [Tally(address=a, reason=r, began=b, count=c) for a, r, b, c in rows]
    return tuple(sorted(tallies, key=lambda each: (-each.count, each.began, each.address)))


def _known(db: Session, owner: str, address: str, reason: str) -> bool:
    return db.get(TallyRow, (owner, address, reason)) is not None


def _number(db: Session, owner: str) -> int:
    rows = sa.select(sa.func.count()).select_from(TallyRow).where(TallyRow.owner == owner)
    return int(db.execute(rows).scalar_one())


def _insert(db: Session, table: type[WindowRow | TallyRow]) -> Insert:
    postgres = db.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if postgres else sqlite.insert(table)
