"""Refuse what is not a proper request to this gateway, whatever it asks for."""

from anyio import to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway import admission
from services.gateway.addresses import OWN
from services.gateway.entrance import Entrance
from services.gateway.routes.calls import read_call
from services.gateway.routes.recording import mark
from shared.runtime import problems
from shared.runtime.refusals import Refusal


class FormRules:
    """A layer that checks the form of each request and records what it refuses."""

    def __init__(self, app: ASGIApp, *, host: str, entrance: Entrance) -> None:
        """Wrap `app`, which answers for `host` alone."""
        self._app, self._host, self._entrance = app, host, entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            admission.check_form(
                scope["headers"],
                scope["raw_path"].decode("latin-1"),
                scope["query_string"],
                host=self._host,
            )
            if OWN.get(scope["path"]) == "GET":
                request.state.quota = self._entrance.open(read_call(request))
        except Refusal as refusal:
            mark(request)
            call = read_call(request)
            answer = await to_thread.run_sync(self._entrance.refuse, refusal, call)
            await problems.problem(answer)(scope, receive, send)
            return
        await self._app(scope, receive, send)
