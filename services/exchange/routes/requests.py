"""Requests for assistance, as a national system sees them: drafted, found, shown, amended."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.exchange import assistance
from services.exchange.records import MAX_LISTED, RequestsWanted
from services.exchange.routes import answers
from services.exchange.routes.answers import RequestAnswer, RequestList
from services.exchange.routes.parts import Acting, Node
from services.exchange.routes.repeats import FreshId, Repeatable
from services.exchange.states import Direction
from shared.protocol.law.documents import Document
from shared.protocol.law.lifecycle import State
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/requests", route_class=StrictRoute)
Code = Annotated[str | None, Query(max_length=64, pattern="^[A-Z0-9_]+$")]


@router.get("")
def list_requests(  # noqa: PLR0913, PLR0917 - what can be asked for
    node: Node,
    direction: Direction | None = None,
    state: State | None = None,
    peer: Annotated[str | None, Query(pattern="^[A-Z]{2}$")] = None,
    kind: Code = None,
    urgency: Code = None,
    reference: Annotated[str | None, Query(max_length=500)] = None,
    before: Annotated[str | None, Query(max_length=36)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = MAX_LISTED,
) -> RequestList:
    """List requests, the newest first; `reference`: how a reference begins, `before`: an id to go on from."""
    wanted = RequestsWanted(
        direction=direction,
        state=state,
        peer=peer,
        kind=kind,
        urgency=urgency,
        text=reference,
        before=before,
        limit=limit,
    )
    found = assistance.listed(wanted, database=node.database)
    return RequestList(requests=tuple(answers.request(file) for file in found))


@router.post("", status_code=201)
def draft(content: Document, request_id: FreshId, actor: Acting, node: Repeatable) -> RequestAnswer:
    """Begin a request: it may still lack anything but its recipient."""
    return answers.request(assistance.draft(request_id, content, bench=node.bench, actor=actor))


@router.get("/{request_id}")
def show(request_id: str, node: Node) -> RequestAnswer:
    """Show one request."""
    return answers.request(assistance.view(request_id, database=node.database))


@router.put("/{request_id}")
def amend(request_id: str, content: Document, actor: Acting, node: Node) -> RequestAnswer:
    """Write a new version of a draft."""
    return answers.request(assistance.amend(request_id, content, bench=node.bench, actor=actor))
