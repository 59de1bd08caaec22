"""Every refusal is recorded once, whoever in the node refuses; every answer tells what quota is left."""

from collections.abc import Mapping

from anyio import to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.authentication import Caller
from services.gateway.entrance import Entrance
from services.gateway.rates import Quota
from services.gateway.routes.calls import read_call
from services.gateway.upstream import Answer
from shared.protocol import canonical
from shared.protocol.errors import FormatError
from shared.runtime.closures import Closing
from shared.runtime.refusals import PROBLEM, Malformed, Refusal

REFUSED = range(400, 500)
NOT_OURS = range(500, 600)
_TOLD = (b"ratelimit", b"ratelimit-policy")


def mark(request: Request) -> None:
    """Say that the refusal of this request is recorded."""
    request.state.recorded = True


async def record(request: Request, refusal: Refusal, caller: Caller | None = None) -> Refusal:
    """Record a refusal; return what to answer. What only fails (5xx) is no refusal."""
    mark(request)
    if refusal.status in NOT_OURS:
        return refusal
    entrance: Entrance = request.app.state.entrance
    return await to_thread.run_sync(entrance.refuse, refusal, read_call(request), caller)


def went_away(request: Request) -> Malformed:
    """Say that the caller left; the edge may have sent it away."""
    closing: Closing | None = request.scope["state"].get("closing")
    return Malformed(
        "caller_went_away",
        "The caller left before the body was whole.",
        reason=closing.reason if closing else None,
    )


def refused_inside(answer: Answer) -> Refusal | None:
    """Read the refusal out of a service's answer, if it is one: a problem with status 4xx."""
    if answer.status not in REFUSED or answer.body is None:
        return None
    if not answer.headers.get("content-type", "").startswith(PROBLEM):
        return None
    try:
        problem = canonical.read(answer.body)
    except FormatError:
        problem = None
    code = problem.get("code") if isinstance(problem, Mapping) else None
    return Malformed(str(code or f"http_{answer.status}"), "")


class Recording:
    """The layer around the app: it tells quotas, and records what the framework itself refused."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        """Wrap `app`."""
        self._app, self._entrance = app, entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] in REFUSED and "recorded" not in state:
                    await self._record(scope, message["status"])
                _tell(message, state.get("quota"))
            await send(message)

        await self._app(scope, receive, told)

    async def _record(self, scope: Scope, status: int) -> None:
        refusal = Malformed(f"http_{status}", "")
        await to_thread.run_sync(self._entrance.refuse, refusal, read_call(Request(scope)))


def _tell(message: Message, quota: Quota | None) -> None:
    if quota is None or any(name.lower() in _TOLD for name, _ in message["headers"]):
        return
    told = [(name.lower().encode(), value.encode()) for name, value in quota.headers.items()]
    message["headers"] = [*message["headers"], *told]
