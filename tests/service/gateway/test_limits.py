"""What a caller is told when it asks for too much at once, or a service behind is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.gateway import admission
from services.gateway.denials import UndeliveredError
from services.gateway.entrance import Admitted
from services.gateway.turns import MAX_CALLS
from services.gateway.upstream import Upstream
from shared.protocol import jose
from shared.protocol.digests import content_digest
from shared.runtime.clock import utc_now
from shared.runtime.principals import Assertions
from shared.runtime.refusals import Unavailable
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World, recorded, wait_until
from tests.service.gateway.sockets import listening

PATH = "/v1/requests?slow"


def test_a_client_that_asks_too_much_at_once_waits_and_others_do_not(world: World) -> None:
    greedy, other = Caller(world.qn, "preparer"), Caller(world.qn, "receiver")
    greedy.token()
    with ThreadPoolExecutor(MAX_CALLS + 8) as pool:
        calls = [pool.submit(greedy.call, "GET", PATH) for _ in range(MAX_CALLS + 8)]
        assert other.call("GET", "/v1/inbox").status_code == 200
        try:
            wait_until(lambda: any(call.done() for call in calls))
        finally:
            world.echoes["QN"].released.set()
        answers = [call.result() for call in calls]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert refused[0].json()["code"] == "too_many_calls"
    assert refused[0].headers["retry-after"] == "1"
    wait_until(lambda: recorded(world, "QN", "too-many-calls"))


@pytest.fixture
def away() -> Upstream:
    """Services at addresses where nobody listens."""
    bound, port = listening()
    bound.close()
    key = {name: str(value) for name, value in jose.generate().items()}
    urls = dict.fromkeys(("exchange", "audit"), f"http://127.0.0.1:{port}")
    return Upstream(urls, Assertions("gateway", key, utc_now))


def admitted(method: str, path: str) -> Admitted:
    match = admission.find(method, path)
    return Admitted(match=match, caller=None, officer=None, purpose=None)


def _small(upstream: Upstream) -> None:
    upstream.call(admitted("GET", "/v1/requests"), query="", headers={}, body=b"")


def _large(upstream: Upstream) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"x"

    async def upload() -> None:
        call = admitted("PUT", "/v1/packages/a/items/b/segments/0")
        try:
            headers = {"content-digest": content_digest(bytes(32))}
            await upstream.upload(call, query="a=b", headers=headers, blocks=blocks())
        finally:
            await upstream.close()

    asyncio.run(upload())


@pytest.mark.parametrize("call", [_small, _large])
def test_a_service_that_is_away_is_named(away: Upstream, call: Callable[[Upstream], None]) -> None:
    with pytest.raises(Unavailable) as caught:
        call(away)
    assert caught.value.code == "service_unavailable"
    assert "exchange" in caught.value.detail


def test_a_log_that_is_away_confirms_nothing(away: Upstream) -> None:
    with pytest.raises(UndeliveredError):
        away.record([])


def test_the_operator_sees_what_is_away(away: Upstream) -> None:
    assert away.status("audit") == {"status": "away", "error": "NewConnectionError"}
