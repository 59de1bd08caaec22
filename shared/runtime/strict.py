"""Routes that read JSON as the protocol does: no name twice, no NaN, no float, no half of a surrogate."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from typing_extensions import override

from shared.protocol import canonical


class StrictRequest(Request):
    """A request whose JSON has one meaning for every reader."""

    @override
    async def json(self) -> canonical.Json:
        """Read the body.

        Raises:
            FormatError: another reader could understand it otherwise. The framework makes an error of its
                own of that; `problems` looks behind it.
        """
        body = await self.body()
        return canonical.read(body, max_size=len(body))  # the size was limited while it came


class StrictRoute(APIRoute):
    """The class of every route that takes JSON (`APIRouter(route_class=StrictRoute)`)."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
