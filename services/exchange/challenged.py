"""What the other country's court recorded, as its entries tell it: kept here, so that both see the same."""

from datetime import UTC, datetime
from typing import Final

from services.exchange import timing
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.remedyrecords import Challenge
from services.exchange.states import Direction
from services.exchange.store import Session, challenges
from shared.protocol.law.remedies import Stage, WrongStageError, first, step
from shared.protocol.legalacts import ChallengeBody, NoticeBody

WAIVER: Final = "appeal-waiver"  # of the notice that tells of one
WAIVED: Final = "waived"  # how both logs name it


def taken(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Keep a stage of a challenge that was recorded there.

    Raises:
        ContentRefusedError: the courts of this country decide on its own execution, or it does not follow.
    """
    if request.direction is not Direction.OUT:
        raise ContentRefusedError("other_side", "What is executed here is challenged here.")
    body = ChallengeBody.read(arrived.entry.body)
    before = challenges.find(db, body.challenge_id) if _known(db, body) else None
    if before is not None and before.request_id != request.id:
        raise ContentRefusedError("other_request", "The challenge is of another request.")
    suspends = before.suspends if before else body.suspends
    challenges.save(
        db,
        Challenge(
            id=body.challenge_id,
            request_id=request.id,
            stage=_next(before, body),
            suspends=suspends,
            who=body.who,
            court=body.court,
            file_number=body.file_number,
            measures=body.measures or (before.measures if before else ()),
            packages=body.packages,
            items=body.items,
            lodged_at=before.lodged_at if before else _at(arrived.entry.iat),
            until=None if body.until is None else _at(body.until),
            changed_at=_at(arrived.entry.iat),
        ),
    )


def _next(before: Challenge | None, body: ChallengeBody) -> Stage:
    """Return the stage that is told, if it follows on the one that is known here."""
    told = Stage(body.state)
    if before is None:
        if told is not Stage.LODGED:
            raise ContentRefusedError("wrong_stage", "A challenge begins by being lodged.")
        return told
    if before.stage is Stage.LODGED and told is first(before.suspends):
        return told  # suspensive by law, from the moment on at which it was lodged
    try:
        return step(before.stage, told, before.suspends)
    except WrongStageError as error:
        raise ContentRefusedError(error.code, f"{error.detail}.") from error


def waived(db: Session, arrived: Arrived, request: Request, bench: Bench) -> None:
    """End the time to appeal here, too: all there who could have waived it.

    Raises:
        ContentRefusedError: nobody there could appeal.
    """
    if NoticeBody.read(arrived.entry.body).kind != WAIVER:
        return
    if request.direction is not Direction.OUT:
        raise ContentRefusedError("other_side", "A decision of this country is appealed here.")
    at = _at(arrived.entry.iat)
    challenges.waive(db, request.id, arrived.entry.sender, at)
    timing.happened(
        db,
        request,
        "waived",
        at=at,
        directory=bench.directory,
        country=bench.keyring.country,
    )


def _known(db: Session, body: ChallengeBody) -> bool:
    return challenges.known(db, body.challenge_id)


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
