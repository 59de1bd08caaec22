"""One address for each act on a request, made from the table of acts."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from services.exchange import acting
from services.exchange.acts.contents import Nothing
from services.exchange.acts.table import PERFORMANCES, Performance
from services.exchange.routes import answers
from services.exchange.routes.answers import RequestAnswer
from services.exchange.routes.parts import Acting
from services.exchange.routes.repeats import Repeatable
from services.exchange.signed import Signed
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/requests", route_class=StrictRoute)


def _plain(row: Performance) -> Callable[..., RequestAnswer]:
    def act(request_id: str, actor: Acting, node: Repeatable) -> RequestAnswer:
        file = acting.perform(request_id, row.act, row.content(), bench=node.bench, actor=actor)
        return answers.request(file)

    return act


def _saying(row: Performance) -> Callable[..., RequestAnswer]:
    def act(request_id: str, content: Any, actor: Acting, node: Repeatable) -> RequestAnswer:  # noqa: ANN401 - set below
        file = acting.perform(request_id, row.act, content, bench=node.bench, actor=actor)
        return answers.request(file)

    said: Any = row.content
    act.__annotations__["content"] = Signed[said] if row.signs else said
    return act


for _row in PERFORMANCES.values():
    _act = _plain(_row) if _row.content is Nothing else _saying(_row)
    _said = (_row.effect.__doc__ or "").strip()
    router.post(f"/{{request_id}}/{_row.act}", name=f"{_row.act} request", description=_said)(_act)
