"""Requests are rebuilt: what is on neither list does not pass, in neither direction."""

import asyncio
import string
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.gateway import admission
from services.gateway.entrance import Admitted
from services.gateway.upstream import ANSWER_HEADERS, REQUEST_HEADERS, Answer, Upstream
from shared.protocol import jose
from shared.protocol.digests import content_digest, sha256
from shared.runtime.clock import utc_now
from shared.runtime.principals import Assertions
from shared.runtime.refusals import Unavailable
from tests.service.gateway.calling import Caller
from tests.service.gateway.sockets import listening, serving

PLACES = {
    "small": ("POST", "/v1/requests"),
    "streamed": ("PUT", "/v1/packages/a/items/b/segments/0"),
}
# What the connection and our own client add, whoever calls.
OURS = frozenset({"host", "txn-token", "user-agent", "accept-encoding", "connection", "accept"})
IDENTITY = [
    "Txn-Token", "X-Client", "X-Client-Id", "X-Role", "X-Scope", "X-Country", "X-User", "X-Officer-Id",
    "X-Internal", "X-Service", "X-Principal", "Remote-User", "Authorization-Original", "X-Purpose",
    "X-Authenticated-User", "X-Api-Key", "Cookie", "Cookie2", "Proxy-Authorization", "X-Original-User",
]  # fmt: skip
ORIGIN = [
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
    "X-Forwarded-Prefix", "X-Forwarded-Client-Cert", "Forwarded", "X-Real-Ip", "True-Client-Ip",
    "Cf-Connecting-Ip", "Via", "Client-Cert", "Client-Cert-Chain", "X-Ssl-Client-Cert", "Ssl-Client-Cert",
    "X-Client-Cert", "X-Client-Verify", "X-Arr-Clientcert", "Origin", "Referer",
]  # fmt: skip
ROUTING = [
    "X-Original-Url", "X-Rewrite-Url", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
    "X-Host", "X-Original-Host", "X-Forwarded-Path", "X-Accel-Redirect", "X-Sendfile", "Destination",
    "Surrogate-Control", "Expect-Ct", "Max-Forwards", "Keep-Alive", "Proxy-Connection",
    "X-Request-Id", "Traceparent", "Tracestate", "Baggage", "X-B3-Traceid", "Prefer", "Date", "From",
    "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Accept-Language", "Content-Language",
    "Content-Location", "Content-Md5", "Digest", "Repr-Digest", "Want-Content-Digest", "Priority",
]  # fmt: skip


# Names that differ by a letter from one that counts are other names, and on no list either.
ALIKE = [f"X-{letter}" for letter in string.ascii_uppercase]


@pytest.mark.parametrize(
    "names", [IDENTITY, ORIGIN, ROUTING, ALIKE], ids=["identity", "origin", "routing", "alike"]
)
@pytest.mark.parametrize("place", PLACES)
def test_53_44_nothing_a_caller_writes_speaks_inside(
    preparer: Caller, place: str, names: list[str]
) -> None:
    seen = _sent(preparer, *PLACES[place], {name: f"forged {name}" for name in names})
    assert not [name for name, value in seen.items() if "forged" in value]
    assert set(seen) <= OURS | set(REQUEST_HEADERS)
    for name in ("authorization", "dpop", "x-officer"):
        assert name not in seen


@pytest.mark.parametrize("place", PLACES)
def test_what_is_on_the_list_passes_once(preparer: Caller, place: str) -> None:
    method, path = PLACES[place]
    body = {"content-length", "content-digest", "content-type", "transfer-encoding"}
    written = {name: f"told-{number}" for number, name in enumerate(REQUEST_HEADERS)}
    written = {name: value for name, value in written.items() if name not in body}
    seen = _sent(preparer, method, path, written)
    assert {name: seen[name] for name in written} == written
    assert seen["content-type"] == "application/json"


def _sent(preparer: Caller, method: str, path: str, written: dict[str, str]) -> dict[str, str]:
    body = b'{"a":1}'
    always = {
        "Content-Type": "application/json",
        "Content-Digest": content_digest(sha256(body)),
    }
    answer = preparer.call(method, path, content=body, headers={**written, **always})
    assert answer.status_code == 200, answer.text
    seen: dict[str, str] = answer.json()["headers"]
    return seen


@pytest.fixture
def talkative() -> Iterator[Upstream]:
    """A service that says more than it should."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "PUT"])
    async def say(request: Request, path: str) -> Response:
        await request.body()
        status = 401 if "doubted" in path else 200
        return Response(b"{}", status, headers={name: f"told {name}" for name in TOLD})

    bound, port = listening()
    key = {name: str(value) for name, value in jose.generate().items()}
    urls = dict.fromkeys(("exchange", "audit"), f"http://127.0.0.1:{port}")
    with serving(app, bound):
        yield Upstream(urls, Assertions("gateway", key, utc_now))


TOLD = [
    "Set-Cookie", "Server", "X-Powered-By", "X-Request-Id", "Txn-Token", "WWW-Authenticate", "DPoP-Nonce",
    "Access-Control-Allow-Origin", "Strict-Transport-Security", "Content-Security-Policy", "Refresh",
    "X-Accel-Redirect", "X-Sendfile", "Link", "Alt-Svc", "Clear-Site-Data", "Proxy-Authenticate", "Via",
]  # fmt: skip


def _admitted(method: str, path: str) -> Admitted:
    match = admission.find(method, path)
    return Admitted(match=match, caller=None, officer=None, purpose=None)


def _small(upstream: Upstream, path: str = "/v1/requests") -> Answer:
    return upstream.call(_admitted("GET", path), query="", headers={}, body=b"")


def _large(upstream: Upstream, path: str = PLACES["streamed"][1]) -> Answer:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"x"

    async def upload() -> Answer:
        promise = {"content-digest": content_digest(sha256(b"x"))}
        try:
            call = _admitted("PUT", path)
            return await upstream.upload(call, query="", headers=promise, blocks=blocks())
        finally:
            await upstream.close()

    return asyncio.run(upload())


def test_what_a_service_tells_besides_its_answer_stays_inside(talkative: Upstream) -> None:
    for answer in (_small(talkative), _large(talkative)):
        assert set(answer.headers) <= set(ANSWER_HEADERS)
        assert not [value for value in answer.headers.values() if "told" in value]


@pytest.mark.parametrize(
    ("act", "path"),
    [(_small, "/v1/requests/doubted"), (_large, "/v1/packages/doubted/items/b/segments/0")],
    ids=["small", "streamed"],
)
def test_a_service_that_does_not_believe_the_gateway_is_no_fault_of_the_caller(
    talkative: Upstream, act: Callable[[Upstream, str], Answer], path: str
) -> None:
    with pytest.raises(Unavailable) as told:
        act(talkative, path)
    assert (told.value.code, told.value.status) == ("not_believed_inside", 503)
    assert told.value.headers == {"Retry-After": "2"}
