"""Inside a node: an assertion is good for one service, one call, one body, thirty seconds."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from shared.protocol import canonical, jose
from shared.protocol.digests import content_digest, sha256
from shared.runtime import guard, inside
from shared.runtime.app import create_app
from shared.runtime.guard import Doorman, Guard, RoutesError
from shared.runtime.principals import (
    HEADER,
    SERVICES,
    Assertions,
    InternalAuth,
    InternalKeys,
    Principal,
)
from tests.asserting import Asserting

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIST, SEGMENT = "/v1/requests", "/v1/packages/a/items/b/segments/0"
CLIENT = Principal(
    service="gateway",
    client_id="urn:rogatory:QM:preparer",
    country="QM",
    scopes=frozenset({"packages:prepare", "requests:read", "requests:write"}),
    officer="QM-1",
    purpose="review",
)


PEER = Principal(service="gateway", country="QN", scopes=frozenset({"node:deliver"}))


def exchange() -> APIRouter:
    """An exchange that says who called, at every address of the table."""
    router = APIRouter()

    async def said(request: Request) -> dict[str, Any]:
        caller = guard.principal(request)
        body = await request.body()
        return {"service": caller.service, "body": body.decode(), **caller.personal}

    for door in inside.DOORS["exchange"]:
        limit = 2**21 if door.template == "/peer/v1/entries" else None
        router.add_api_route(door.template, said, methods=[door.method], max_body_size=limit)
    return router


class Node:
    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.private = {name: jose.generate() for name in SERVICES}
        for name, key in self.private.items():
            path = folder / f"{name}.pub.jwk"
            path.write_bytes(canonical.encode(jose.public_part(key)))
        self.client = TestClient(self.app())

    def app(self) -> FastAPI:
        router = exchange()
        app = create_app("test", routers=[router], readiness=dict)
        guard.place(app, "exchange", routers=[router], keys=self.folder, clock=lambda: self.now)
        return app

    def assertions(self, service: str = "gateway", signer: str | None = None) -> Assertions:
        return Assertions(service, self.private[signer or service], lambda: self.now)  # type: ignore[arg-type]

    def call(
        self,
        method: str = "GET",
        path: str = LIST,
        principal: Principal | None = CLIENT,
        service: str = "gateway",
        **given: Any,  # noqa: ANN401
    ) -> httpx2.Response:
        asserting = Asserting(self.assertions(service), "exchange", principal)
        return self.client.request(method, path, auth=asserting, **given)

    def bring(self, token: str | None, method: str = "GET", path: str = LIST, **given: Any) -> Any:  # noqa: ANN401
        headers = {HEADER: token} if token else {}
        return self.client.request(
            method, path, headers=headers | given.pop("headers", {}), **given
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_a_service_is_admitted_for_exactly_its_call(node: Node) -> None:
    answer = node.call(path=f"{LIST}?page=2")
    assert answer.json() == {
        "service": "gateway",
        "body": "",
        "client": CLIENT.client_id,
        "officer": "QM-1",
    }
    assert node.call("POST", content=b'{"a":1}').json()["body"] == '{"a":1}'


BODY = {"body": sha256(b"one")}
OTHERS: dict[str, tuple[tuple[str, str, str], dict[str, Any]]] = {
    "other service": (("audit", "POST", LIST), BODY),
    "other method": (("exchange", "PUT", LIST), BODY),
    "other path": (("exchange", "POST", "/v1/packages"), BODY),
    "a query": (("exchange", "POST", f"{LIST}?a=b"), BODY),
    "other body": (("exchange", "POST", LIST), {"body": sha256(b"two")}),
    "no body": (("exchange", "POST", LIST), {}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_52_an_assertion_for_another_call_is_refused(node: Node, name: str) -> None:
    place, bound = OTHERS[name]
    token = node.assertions().mint(*place, CLIENT, **bound)
    answer = node.bring(token, "POST", content=b"one")
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_assertion")


def test_a_call_without_the_query_or_body_that_is_bound_is_refused(node: Node) -> None:
    queried = node.assertions().mint("exchange", "GET", f"{LIST}?state=S05", CLIENT)
    assert node.bring(queried).status_code == 401
    bodied = node.assertions().mint("exchange", "POST", LIST, CLIENT, body=sha256(b"one"))
    assert node.bring(bodied, "POST").status_code == 401


def test_an_assertion_dies_after_thirty_seconds(node: Node) -> None:
    token = node.assertions().mint("exchange", "GET", LIST, CLIENT)
    node.now += timedelta(seconds=29)
    assert node.bring(token).status_code == 200
    node.now += timedelta(seconds=60)
    assert node.bring(token).status_code == 401


def test_52_54_no_assertion_two_a_strangers_or_another_kind(node: Node, tmp_path: Path) -> None:
    assert node.bring(None).json()["code"] == "no_assertion"
    token = node.assertions().mint("exchange", "GET", LIST, CLIENT)
    twice = node.client.get(LIST, headers=[(HEADER, token), (HEADER, token)])
    assert twice.json()["code"] == "no_assertion"
    (tmp_path / "other").mkdir()
    stranger = Node(tmp_path / "other").assertions()
    assert node.bring(stranger.mint("exchange", "GET", LIST, CLIENT)).status_code == 401
    access = jose.sign(node.private["gateway"], "at+jwt", {"sub": "x"}, kid="k")
    assert node.bring(access).status_code == 401


def test_a_service_cannot_speak_in_anothers_name(node: Node) -> None:
    forged = node.assertions("gateway", signer="audit")
    assert node.bring(forged.mint("exchange", "GET", LIST, CLIENT)).status_code == 401
    unknown = node.assertions("courier", signer="audit")
    assert node.bring(unknown.mint("exchange", "GET", LIST, CLIENT)).status_code == 401


def test_the_wrong_service_and_the_missing_scope_are_refused(node: Node) -> None:
    assert node.call(service="audit", principal=None).json()["code"] == "wrong_service"
    answer = node.call("POST", "/v1/packages/a/release")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_what_changes_something_is_done_once(node: Node) -> None:
    token = node.assertions().mint("exchange", "POST", LIST, CLIENT)
    assert [node.bring(token, "POST").status_code for _ in range(2)] == [200, 401]
    reading = node.assertions().mint("exchange", "GET", LIST, CLIENT)
    assert [node.bring(reading).status_code for _ in range(2)] == [200, 200]


def test_a_restart_forgets_nothing_that_was_used(node: Node) -> None:
    token = node.assertions().mint("exchange", "POST", LIST, CLIENT)
    assert node.bring(token, "POST").status_code == 200
    node.now += timedelta(seconds=2)
    node.client = TestClient(node.app())
    assert node.bring(token, "POST").status_code == 401


def test_what_was_used_is_kept_no_longer_than_it_lives(node: Node) -> None:
    doorman = Doorman("exchange", InternalKeys(node.folder, lambda: node.now), lambda: node.now)
    door = inside.find("exchange", "POST", LIST)
    assert door is not None

    def use() -> None:
        token = node.assertions().mint("exchange", "POST", LIST, CLIENT)
        doorman.use(doorman.admit(door, LIST, [token])[1])

    use()
    for number in range(guard._FORGET):
        doorman._used[str(number)] = (object(), int(NOW.timestamp()) + 30)
    node.now += timedelta(minutes=1)
    use()
    assert len(doorman._used) == 1


def test_a_streamed_body_is_bound_by_its_promise(node: Node) -> None:
    promise = {"Content-Digest": content_digest(sha256(b"one"))}
    assert node.call("PUT", SEGMENT, content=b"one", headers=promise).status_code == 200
    token = node.assertions().mint("exchange", "PUT", SEGMENT, CLIENT, body=sha256(b"one"))
    for headers in ({}, {"Content-Digest": content_digest(sha256(b"two"))}):
        answer = node.bring(token, "PUT", SEGMENT, content=b"one", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_assertion")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("DELETE", LIST, 405), ("HEAD", LIST, 405)],
)
def test_what_is_not_in_the_table_does_not_exist(
    node: Node, method: str, path: str, status: int
) -> None:
    answer = node.call(method, path)
    assert answer.status_code == status
    assert answer.headers.get("allow") == ("GET, POST" if status == 405 else None)


def test_health_is_open(node: Node) -> None:
    assert node.client.get("/healthz").status_code == 200


def test_a_body_is_held_to_the_limit_of_its_address(node: Node) -> None:
    """The limit is the route's, though the guard has read the body before the framework."""
    assert node.call("PUT", "/v1/packages/a/case", content=bytes(2**20)).status_code == 413
    assert node.call("POST", "/peer/v1/entries", PEER, content=bytes(2**20)).status_code == 200
    assert node.call("POST", "/peer/v1/entries", PEER, content=bytes(2**22)).status_code == 413


def test_more_than_any_address_takes_is_not_read(node: Node) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(18):
            yield bytes(2**20)

    token = node.assertions().mint("exchange", "PUT", "/v1/packages/a/case", CLIENT)
    answer = node.bring(token, "PUT", "/v1/packages/a/case", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_caller_that_goes_away_is_not_served(node: Node) -> None:
    served: list[Scope] = []

    async def app(scope: Scope, _receive: object, _send: object) -> None:
        served.append(scope)

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        served.append(message)

    keys = InternalKeys(node.folder, lambda: node.now)
    layer = Guard(app, Doorman("exchange", keys, lambda: node.now))
    token = node.assertions().mint("exchange", "POST", LIST, CLIENT, body=sha256(b"one"))
    headers = [(HEADER.lower().encode(), token.encode())]
    scope = {"type": "http", "method": "POST", "path": LIST, "raw_path": LIST.encode()}
    asyncio.run(layer({**scope, "query_string": b"", "headers": headers}, gone, send))
    assert served[0]["status"] == 401


def test_an_app_with_other_routes_does_not_start() -> None:
    guard.check_routes("exchange", [exchange()])
    more = exchange()
    more.add_api_route("/v1/back-door", lambda: None, methods=["GET"])
    with pytest.raises(RoutesError, match="GET /v1/back-door"):
        guard.check_routes("exchange", [more])
    turned = exchange()
    turned.routes.reverse()
    with pytest.raises(RoutesError, match="order"):
        guard.check_routes("exchange", [turned])


def test_a_client_signs_each_of_its_requests(node: Node) -> None:
    auth = InternalAuth(node.assertions("exchange"), "exchange")
    answer = node.client.post(LIST, auth=auth, json={"a": 1})  # type: ignore[arg-type]
    assert answer.json()["code"] == "wrong_service", "believed, and not admitted"
