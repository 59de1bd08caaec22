"""What two authorities wrote to each other about a request."""

from dataclasses import dataclass

from fastapi import APIRouter

from services.exchange import letters
from services.exchange.routes.parts import Node
from shared.protocol import canonical
from shared.runtime.clock import milliseconds
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/requests", route_class=StrictRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterAnswer:
    """One entry about a request."""

    direction: str
    type: str
    at: str
    hash: str
    body: canonical.Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """All of a request, the oldest first."""

    messages: tuple[LetterAnswer, ...]


@router.get("/{request_id}/messages")
def messages(request_id: str, node: Node) -> Letters:
    """Show what both authorities wrote about a request: questions, conditions, decisions, notices."""
    found = letters.about(request_id, database=node.database)
    return Letters(
        messages=tuple(
            LetterAnswer(
                direction=each.direction,
                type=each.type,
                at=milliseconds(each.at),
                hash=each.hash,
                body=each.body,
            )
            for each in found
        )
    )
