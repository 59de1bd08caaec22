"""What passes through: rebuilt on the way in, filtered on the way out, streamed both ways."""

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.protocol import internal, jose
from shared.protocol.digests import content_digest
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World, recorded, wait_until
from tests.service.gateway.echo import BLOCK, BLOCKS
from tests.service.gateway.sockets import now

SEGMENT = "/v1/packages/a/items/b/segments/0"


def claims_inside(world: World, seen: dict[str, Any], audience: str) -> internal.Internal:
    """Check the assertion that reached a service, as the service does."""
    return internal.verify(
        seen["headers"]["txn-token"],
        {"gateway": [jose.public_part(world.qm.internal_keys["gateway"])]},
        audience=audience,
        method=seen["method"],
        target=seen["path"] + (f"?{seen['query']}" if seen["query"] else ""),
        now=now(),
    )


def test_a_call_inside_says_on_whose_behalf(world: World, preparer: Caller) -> None:
    headers = {"X-Officer": "Ada Lovelace"}
    seen = preparer.call("GET", "/v1/requests?state=S05", headers=headers).json()
    assert (seen["path"], seen["query"]) == ("/v1/requests", "state=S05")
    claims = claims_inside(world, seen, "exchange")
    assert (claims.client_id, claims.country) == (preparer.client_id, "QM")
    assert (claims.scope, claims.officer, claims.purpose) == ("requests:read", "Ada Lovelace", None)


@pytest.mark.parametrize(
    ("outside", "inside"),
    [
        ("/v1/audit/entries?from=1", "/oversight/entries"),
        ("/v1/audit/channels/QN/links", "/v1/audit/channels/QN/links"),
        ("/log/tile/entries/x001/067.p/8", "/tile/entries/x001/067.p/8"),
    ],
)
def test_an_overseer_reaches_the_log(world: World, outside: str, inside: str) -> None:
    overseer = world.caller("oversight")
    seen = overseer.call("GET", outside, headers={"X-Purpose": "case 7"}).json()
    assert seen["path"] == inside
    audience = "exchange" if "channels" in inside else "audit"
    assert claims_inside(world, seen, audience).purpose == "case 7"


@pytest.mark.parametrize("path", ["/log/checkpoint", "/log/tile/0/x001/067"])
def test_hashes_are_open_to_all(world: World, preparer: Caller, path: str) -> None:
    seen = preparer.http.get(path).json()
    assert seen["path"] == path.removeprefix("/log")
    assert claims_inside(world, seen, "audit").client_id is None


def test_53_44_a_caller_cannot_speak_for_the_gateway(preparer: Caller) -> None:
    forged = {
        "Txn-Token": "forged",
        "X-Client": "someone",
        "X-Role": "approver",
        "X-Forwarded-For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "Client-Cert": ":x:",
        "Cookie": "a=b",
    }
    seen = preparer.call("GET", "/v1/requests", headers=forged).json()["headers"]
    assert seen["txn-token"] != "forged"
    for name in (*list(forged)[1:], "Authorization", "DPoP"):
        assert name.lower() not in seen


def test_allowed_headers_and_the_body_pass(preparer: Caller) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json", "If-Match": '"1"'}
    seen = preparer.call("POST", "/v1/requests", content=b'{"a":1}', headers=headers).json()
    assert seen["sha256"] == hashlib.sha256(b'{"a":1}').hexdigest()
    for name, value in headers.items():
        assert seen["headers"][name.lower()] == value


def test_a_problem_from_inside_passes_as_it_is(preparer: Caller) -> None:
    answer = preparer.call("GET", "/v1/requests/abc")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"code": "wrong_state", "status": 409, "detail": "abc"}
    assert "set-cookie" not in answer.headers


def test_a_segment_streams_in(preparer: Caller) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(20):
            yield BLOCK

    digest = hashlib.sha256(BLOCK * 20)
    length = str(20 * len(BLOCK))
    promised = {"Content-Digest": content_digest(digest.digest())}
    announced = {"Content-Length": length, **promised}
    whole = preparer.call("PUT", SEGMENT, content=body(), headers=announced).json()
    chunked = preparer.call("PUT", SEGMENT, content=body(), headers=promised).json()
    for seen in (whole, chunked):
        assert (seen["size"], seen["sha256"]) == (20 * len(BLOCK), digest.hexdigest())
        assert seen["headers"]["content-digest"] == promised["Content-Digest"]
    assert chunked["headers"]["transfer-encoding"] == "chunked"


def test_a_segment_streams_out(world: World) -> None:
    answer = world.caller("receiver").call("GET", SEGMENT)
    assert answer.headers["content-digest"] == "sha-256=:x:"
    assert answer.content == BLOCK * BLOCKS


def test_a_stream_that_breaks_inside_breaks_outside(world: World) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        world.caller("receiver").call("GET", SEGMENT.replace("/a/", "/broken/"))


def test_a_small_answer_that_breaks_inside_is_told_as_such(preparer: Caller) -> None:
    answer = preparer.call("GET", "/v1/requests/short")
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert "retry-after" not in answer.headers  # something may have been done


def test_69_a_caller_that_goes_away_stops_the_call_inside(world: World, preparer: Caller) -> None:
    echo = world.echoes["QM"]
    before = echo.aborted
    headers = {**preparer.headers("PUT", SEGMENT), "Content-Digest": content_digest(bytes(32))}
    lines = [f"PUT {SEGMENT} HTTP/1.1", f"Host: {world.qm.url.removeprefix('https://')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "Content-Length: 90000000", "", ""]).encode()
    context = ssl.create_default_context(cafile=str(world.qm.certificates.ca))
    with (
        socket.create_connection(("127.0.0.1", world.qm.public[1])) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        wire.sendall(head + BLOCK * 3)
    wait_until(lambda: echo.aborted == before + 1)
    wait_until(lambda: recorded(world, "QM", "caller-went-away"))
    assert all(call["path"] != SEGMENT or call["size"] != 90000000 for call in echo.calls)


def test_a_download_that_nobody_reads_is_not_fetched(world: World) -> None:
    echo = world.echoes["QM"]
    receiver = world.caller("receiver")
    before = echo.sent
    with receiver.http.stream("GET", SEGMENT, headers=receiver.headers("GET", SEGMENT)) as answer:
        next(answer.iter_raw(1000))
    time.sleep(0.3)
    assert echo.sent - before < BLOCKS


def test_the_operator_sees_every_part(world: World) -> None:
    health = world.caller("ops").call("GET", "/v1/ops/health").json()
    assert health["gateway"]["directory"] == "ok"
    assert health["exchange"] == {"status": "ok", "alarm": None}
    assert health["audit"] == {"status": "ok", "alarm": None}


def test_a_national_client_reads_the_directory(world: World) -> None:
    for role in ("preparer", "oversight", "ops"):
        answer = world.caller(role).call("GET", "/v1/directory")
        assert answer.status_code == 200
        assert answer.content.startswith(b'{"members":')
