"""Deadlines: of a request with every day explained, and of all requests by what is due first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.exchange import extending, timekeeping
from services.exchange.extending import Extending
from services.exchange.routes import clock_answers as answers
from services.exchange.routes.clock_answers import ClockAnswer, ClockList
from services.exchange.routes.parts import Acting, Node, Parts
from services.exchange.routes.repeats import Repeatable, answers_with
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1", route_class=StrictRoute)
ClockId = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,40}(?:[.-][A-Za-z0-9]{1,40}){0,12}$")]
Moment = Annotated[datetime | None, Query()]


@router.get("/requests/{request_id}/clocks")
def show_clocks(request_id: str, node: Node) -> ClockList:
    """Show the clocks of a request, with every day explained."""
    found = timekeeping.shown(request_id, database=node.database)
    return ClockList(clocks=tuple(answers.explained(each) for each in found))


@router.post("/requests/{request_id}/clocks/{clock}/extend")
def extend_clock(
    request_id: str, clock: ClockId, content: Extending, actor: Acting, node: Repeatable
) -> ClockAnswer:
    """Give a clock of this country's more time, with reasons and an estimate, and tell the other country."""
    found = extending.extend(request_id, clock, content, bench=node.bench, actor=actor)
    return answers.explained(found)


def _again(node: Parts, names: Mapping[str, str]) -> ClockAnswer:
    found = timekeeping.shown(names["request_id"], database=node.database)
    return next(answers.explained(each) for each in found if each.clock.id == names["clock"])


answers_with("/v1/requests/{request_id}/clocks/{clock}/extend", _again)


@router.get("/clocks")
def list_clocks(node: Node, due_before: Moment = None) -> ClockList:
    """List what is due and not done, the most urgent first."""
    found = timekeeping.listed(due_before=due_before, database=node.database)
    return ClockList(clocks=tuple(answers.clock(each) for each in found))
