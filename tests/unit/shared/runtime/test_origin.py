"""Who says where a caller is: the socket, or our own proxy; the caller never."""

import asyncio
import base64
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.runtime.origin import MAX_CERTIFICATE, STATE, BehindProxy, Direct

CLAIMED = [
    (b"x-forwarded-for", b"6.6.6.6"),
    (b"x-forwarded-host", b"evil.example"),
    (b"forwarded", b"for=6.6.6.6"),
    (b"via", b"1.1 evil"),
    (b"client-cert-chain", b":MAA=:"),
]
KEPT = (b"host", b"gateway.example")


def serve(layer: type[Direct] | type[BehindProxy], headers: list[tuple[bytes, bytes]]) -> Any:  # noqa: ANN401
    """Return what the app behind the layer saw, or the status it was spared."""
    seen: list[Any] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Any:  # noqa: ANN401
        raise AssertionError

    async def send(message: Any) -> None:  # noqa: ANN401
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    scope: Scope = {
        "type": "http",
        "client": None,
        "headers": headers,
        "scheme": "http",
        "state": {},
    }
    call(layer(app), scope, receive, send)
    return seen[0]


def call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def called() -> None:
        await app(scope, receive, send)

    asyncio.run(called())


def test_on_an_open_socket_nothing_claimed_is_seen() -> None:
    own = [(b"x-real-ip", b"6.6.6.6"), (b"client-cert", b":MAA=:")]
    scope = serve(Direct, [KEPT, *CLAIMED, *own])
    assert scope["headers"] == [KEPT]
    assert scope["client"] is None
    assert STATE not in scope["state"]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_the_proxy_says_who_calls(address: str) -> None:
    shown = base64.b64encode(b"a certificate")
    headers = [KEPT, (b"x-real-ip", address.encode()), (b"client-cert", b":" + shown + b":")]
    scope = serve(BehindProxy, [*headers, *CLAIMED])
    assert scope["client"] == (address, 0)
    assert scope["scheme"] == "https"
    assert scope["headers"] == [KEPT]
    assert scope["state"][STATE] == b"a certificate"


@pytest.mark.parametrize("field", [[], [(b"client-cert", b"::")]], ids=["absent", "empty"])
def test_a_caller_may_show_no_certificate(field: list[tuple[bytes, bytes]]) -> None:
    scope = serve(BehindProxy, [(b"x-real-ip", b"192.0.2.1"), *field])
    assert STATE not in scope["state"]


WRONG: dict[str, list[tuple[bytes, bytes]]] = {
    "no address": [],
    "two addresses": [(b"x-real-ip", b"192.0.2.1")] * 2,
    "a list of addresses": [(b"x-real-ip", b"192.0.2.1, 6.6.6.6")],
    "a name": [(b"x-real-ip", b"caller.example")],
    "no ASCII": [(b"x-real-ip", b"\xff")],
    "two certificates": [(b"x-real-ip", b"192.0.2.1"), *[(b"client-cert", b":MAA=:")] * 2],
    "bare base64": [(b"x-real-ip", b"192.0.2.1"), (b"client-cert", b"MAA=")],
    "no base64": [(b"x-real-ip", b"192.0.2.1"), (b"client-cert", b":M A:")],
    "half a base64": [(b"x-real-ip", b"192.0.2.1"), (b"client-cert", b":MAAAA:")],
    "much": [
        (b"x-real-ip", b"192.0.2.1"),
        (b"client-cert", b":" + b"A" * (4 * MAX_CERTIFICATE) + b":"),
    ],
}


@pytest.mark.parametrize("case", WRONG)
def test_a_proxy_that_does_not_say_it_clearly_is_refused(case: str) -> None:
    assert serve(BehindProxy, [KEPT, *WRONG[case]]) == 400


def test_other_things_than_requests_pass() -> None:
    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["state"]["started"] = True

    for layer in (Direct, BehindProxy):
        scope: Scope = {"type": "lifespan", "state": {}}
        call(layer(app), scope, None, None)  # type: ignore[arg-type]
        assert scope["state"] == {"started": True}
