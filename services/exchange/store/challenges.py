"""Challenges, and waivers of the right to one."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.exchange.remedyrecords import Challenge
from services.exchange.remedytables import ChallengeRow, WaiverRow
from shared.protocol.law.remedies import Stage
from shared.runtime.refusals import NotFound


def save(db: Session, challenge: Challenge) -> None:
    """Put a challenge on record, new or as it is now."""
    fields = {name: getattr(challenge, name) for name in Challenge.__slots__}
    for name in ("measures", "packages", "items"):
        fields[name] = list(fields[name])
    db.merge(ChallengeRow(**fields))
    db.flush()


def find(db: Session, challenge_id: str) -> Challenge:
    """Return a challenge.

    Raises:
        NotFound: there is none of that id.
    """
    row = db.get(ChallengeRow, challenge_id, populate_existing=True)
    if row is None:
        raise NotFound(
            "unknown_challenge",
            "There is no challenge of this id here.",
            next_step="List the challenges of the request to find its id.",
        )
    return _challenge(row)


def known(db: Session, challenge_id: str) -> bool:
    """Say whether there is a challenge of this id."""
    return db.get(ChallengeRow, challenge_id) is not None


def of(db: Session, request_id: str) -> tuple[Challenge, ...]:
    """Return the challenges of a request, the oldest first."""
    query = select(ChallengeRow).where(ChallengeRow.request_id == request_id)
    rows = db.scalars(query.order_by(ChallengeRow.id).execution_options(populate_existing=True))
    return tuple(_challenge(row) for row in rows)


def waive(db: Session, request_id: str, officer: str, at: datetime) -> None:
    """Note that nobody will challenge what has been decided on a request until now."""
    db.merge(WaiverRow(request_id=request_id, officer=officer, at=at))
    db.flush()


def waived_at(db: Session, request_id: str) -> datetime | None:
    """Return when that was noted last, if it was."""
    row = db.get(WaiverRow, request_id, populate_existing=True)
    return row.at if row is not None else None


def _challenge(row: ChallengeRow) -> Challenge:
    return Challenge(
        id=row.id,
        request_id=row.request_id,
        stage=Stage(row.stage),
        suspends=row.suspends,  # type: ignore[arg-type] # a word of the profile
        who=row.who,
        court=row.court,
        file_number=row.file_number,
        measures=tuple(row.measures),
        packages=tuple(row.packages),
        items=tuple(row.items),
        lodged_at=row.lodged_at,
        until=row.until,
        changed_at=row.changed_at,
    )
