"""Every kind of signed token at every door of a running gateway: each is let in at its own alone."""

from collections.abc import Callable

import httpx
import pytest

from services.gateway.issuing import ASSERTION_TYPE
from shared.protocol import internal, jose
from shared.protocol.approvals import sign_approval
from shared.protocol.keys import OfficerKey
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.sockets import now

PATH, INSIDE = "/v1/ops/log", "/egress/directory"


def inside(world: World) -> str:
    at = int(now().timestamp())
    bound = internal.bound("GET", INSIDE, None)
    claims: jose.Claims = {"iss": "exchange", "aud": "gateway", "jti": jose.new_jti(), **bound}
    key = world.qm.internal_keys["exchange"]
    return internal.sign(key, {**claims, "iat": at, "exp": at + 30})


def approval(_world: World, _caller: Caller) -> str:
    return sign_approval(
        OfficerKey.generate(),
        act="request.approve",
        object_id="0193e1a0-0000-7000-8000-000000000001",
        version=1,
        digest="ab" * 32,
        iat=int(now().timestamp()),
        officer="QM-approver",
    )


MADE: dict[str, Callable[[World, Caller], str]] = {
    "assertion": lambda _, caller: caller.assertion(),
    "proof at the token endpoint": lambda _, caller: caller.proof("POST", "/oauth/token"),
    "proof at the API": lambda _, caller: caller.proof("GET", PATH, access_token=caller.token()),
    "access token": lambda _, caller: caller.token(),
    "internal assertion": lambda world, _: inside(world),
    "approval": approval,
}


def _api(caller: Caller, **headers: str) -> httpx.Response:
    return caller.http.get(PATH, headers=headers)


def _inside(world: World, text: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        url = f"http://127.0.0.1:{world.qm.internal[1]}{INSIDE}"
        return client.get(url, headers={"Txn-Token": text})


DOORS: dict[str, Callable[[World, Caller, str], httpx.Response]] = {
    "assertion": lambda _, c, text: c.ask(c.form(client_assertion=text)),
    "proof at the token endpoint": lambda _, c, text: c.ask(proof=text),
    "proof at the API": lambda _, c, text: _api(c, Authorization=f"DPoP {c.token()}", DPoP=text),
    "access token": lambda _, c, text: _api(
        c, Authorization=f"DPoP {text}", DPoP=c.proof("GET", PATH, access_token=text)
    ),
    "internal assertion": lambda world, _, text: _inside(world, text),
    "revocation": lambda _, c, text: c.http.post(
        "/oauth/revoke",
        data={
            "token": "x",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": text,
        },
    ),
}
OWN = {**{kind: kind for kind in DOORS}, "revocation": "assertion"}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("door", DOORS)
def test_each_kind_is_let_in_at_its_own_door_alone(world: World, made: str, door: str) -> None:
    caller = world.caller("ops")
    status = DOORS[door](world, caller, MADE[made](world, caller)).status_code
    if made == OWN[door]:
        assert status == 200
    else:
        assert status in {400, 401, 429}
