"""Challenges, as a court's role records them and everybody in the case sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from services.exchange import challenging
from services.exchange.acts.challenges import Appealing, Deciding, Lodging
from services.exchange.remedyrecords import Challenge
from services.exchange.routes.parts import Acting, Node, Parts
from services.exchange.routes.repeats import Repeatable, answers_with
from services.exchange.signed import Signed
from shared.protocol.law.remedies import HOLDING
from shared.runtime.clock import milliseconds
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/requests", route_class=StrictRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeAnswer:
    """A challenge; `holds`: nothing that it concerns leaves."""

    challenge_id: str
    stage: str
    holds: bool
    suspends: str
    who: str
    court: str
    file_number: str
    measures: tuple[str, ...]
    packages: tuple[str, ...]
    items: tuple[str, ...]
    lodged_at: str
    until: str | None
    changed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeList:
    """The challenges of a request, the oldest first."""

    challenges: tuple[ChallengeAnswer, ...]


@router.get("/{request_id}/challenges")
def challenges(request_id: str, node: Node) -> ChallengeList:
    """List the challenges of a request."""
    return _answer(challenging.listed(request_id, bench=node.bench))


@router.post("/{request_id}/challenges", status_code=201)
def lodge(
    request_id: str, content: Signed[Lodging], actor: Acting, node: Repeatable
) -> ChallengeList:
    """Record a person's challenge, as the court's officer."""
    return _answer(challenging.lodge(request_id, content, bench=node.bench, actor=actor))


@router.post("/{request_id}/challenges/{challenge}/outcome")
def decide(
    request_id: str, challenge: str, content: Signed[Deciding], actor: Acting, node: Repeatable
) -> ChallengeList:
    """Record what the court decided."""
    found = challenging.decide(request_id, challenge, content, bench=node.bench, actor=actor)
    return _answer(found)


@router.post("/{request_id}/appeal-waiver")
def waive(
    request_id: str, content: Signed[Appealing], actor: Acting, node: Repeatable
) -> ChallengeList:
    """Record that the right to appeal was waived by all who have it."""
    return _answer(challenging.waive(request_id, content, bench=node.bench, actor=actor))


def _again(node: Parts, names: Mapping[str, str]) -> ChallengeList:
    return challenges(names["request_id"], node)


for _path in ("challenges", "challenges/{challenge}/outcome", "appeal-waiver"):
    answers_with(f"/v1/requests/{{request_id}}/{_path}", _again)


def _answer(found: Sequence[Challenge]) -> ChallengeList:
    return ChallengeList(challenges=tuple(_challenge(each) for each in found))


def _challenge(each: Challenge) -> ChallengeAnswer:
    return ChallengeAnswer(
        challenge_id=each.id,
        stage=each.stage,
        holds=each.stage in HOLDING,
        suspends=each.suspends,
        who=each.who,
        court=each.court,
        file_number=each.file_number,
        measures=tuple(each.measures),
        packages=tuple(each.packages),
        items=tuple(each.items),
        lodged_at=milliseconds(each.lodged_at),
        until=None if each.until is None else milliseconds(each.until),
        changed_at=milliseconds(each.changed_at),
    )
