"""Requests for assistance, as a national system sees them."""

from fastapi import APIRouter

from services.exchange import answering, assistance
from services.exchange.drafts import (
    Acceptance,
    Acknowledgement,
    Approved,
    RefusalOfRequest,
    RequestDraft,
)
from services.exchange.routes import answers
from services.exchange.routes.answers import RequestAnswer, RequestList
from services.exchange.routes.parts import Acting, Node
from services.exchange.routes.repeats import FreshId, Repeatable
from services.exchange.states import Direction, RequestState
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/requests", route_class=StrictRoute)


@router.get("")
def list_requests(
    node: Node,
    direction: Direction | None = None,
    state: RequestState | None = None,
) -> RequestList:
    """List requests."""
    found = assistance.listed(direction=direction, state=state, database=node.database)
    return RequestList(requests=tuple(answers.request(file) for file in found))


@router.post("", status_code=201)
def draft(
    content: RequestDraft, request_id: FreshId, actor: Acting, node: Repeatable
) -> RequestAnswer:
    """Begin a request."""
    file = assistance.draft(
        request_id, content, country=node.keyring.country, database=node.database, actor=actor
    )
    return answers.request(file)


@router.get("/{request_id}")
def show(request_id: str, node: Node) -> RequestAnswer:
    """Show one request."""
    return answers.request(assistance.view(request_id, database=node.database))


@router.put("/{request_id}")
def amend(request_id: str, content: RequestDraft, actor: Acting, node: Node) -> RequestAnswer:
    """Write a new version of a draft."""
    file = assistance.amend(
        request_id, content, country=node.keyring.country, database=node.database, actor=actor
    )
    return answers.request(file)


@router.post("/{request_id}/submit")
def submit(request_id: str, content: Approved, actor: Acting, node: Repeatable) -> RequestAnswer:
    """Hand a draft to the approver."""
    file = assistance.submit(
        request_id,
        content.approval,
        database=node.database,
        officers=node.officers,
        directory=node.directory,
        actor=actor,
    )
    return answers.request(file)


@router.post("/{request_id}/approve")
def approve(request_id: str, content: Approved, actor: Acting, node: Repeatable) -> RequestAnswer:
    """Approve a request as a second officer."""
    file = assistance.approve(
        request_id,
        content.approval,
        database=node.database,
        officers=node.officers,
        actor=actor,
    )
    return answers.request(file)


@router.post("/{request_id}/send")
def send(request_id: str, actor: Acting, node: Repeatable) -> RequestAnswer:
    """Send an approved request."""
    file = assistance.send(
        request_id,
        database=node.database,
        keyring=node.keyring,
        officers=node.officers,
        directory=node.directory,
        own_log=node.own_log,
        actor=actor,
    )
    return answers.request(file)


@router.post("/{request_id}/acknowledge")
def acknowledge(
    request_id: str, content: Acknowledgement, actor: Acting, node: Repeatable
) -> RequestAnswer:
    """Acknowledge a peer's request."""
    file = answering.acknowledge(
        request_id, content, database=node.database, keyring=node.keyring, actor=actor
    )
    return answers.request(file)


@router.post("/{request_id}/accept")
def accept(request_id: str, content: Acceptance, actor: Acting, node: Repeatable) -> RequestAnswer:
    """Accept measures of a peer's request."""
    file = answering.accept(
        request_id, content, database=node.database, keyring=node.keyring, actor=actor
    )
    return answers.request(file)


@router.post("/{request_id}/refuse")
def refuse(
    request_id: str, content: RefusalOfRequest, actor: Acting, node: Repeatable
) -> RequestAnswer:
    """Refuse a peer's request."""
    file = answering.refuse(
        request_id, content, database=node.database, keyring=node.keyring, actor=actor
    )
    return answers.request(file)
