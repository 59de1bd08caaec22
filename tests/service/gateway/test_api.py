"""The API: gateway.md's D and R rows and negative tests 30 to 46, 50, 51, 53, 63, 64."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.gateway.addresses import ROUTES
from shared.protocol import dpop, jose
from tests.forging import reforge
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.ringkeys import token_key
from tests.service.gateway.sockets import now

PATH = "/v1/requests"


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Take a problem of RFC 9457 apart; a 401 says how to authenticate."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    body = answer.json()
    assert body["status"] == answer.status_code
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith('DPoP algs="ES256 PS256')
        assert body["code"] in answer.headers["www-authenticate"]
    return answer.status_code, str(body["code"])


def send(
    caller: Caller, token: str | None, proof: str | None, scheme: str = "DPoP"
) -> httpx.Response:
    headers = {"X-Officer": "A. Preparer"}
    if token is not None:
        headers["Authorization"] = f"{scheme} {token}"
    if proof is not None:
        headers["DPoP"] = proof
    return caller.http.get(PATH, headers=headers)


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_a_call_goes_in(preparer: Caller, scheme: str) -> None:
    proof = preparer.proof("GET", PATH, access_token=preparer.token())
    assert send(preparer, preparer.token(), proof, scheme).status_code == 200


def test_30_who_does_not_prove_itself_stays_out(preparer: Caller) -> None:
    token = preparer.token()
    proof = preparer.proof("GET", PATH, access_token=token)
    assert refused(send(preparer, None, None)) == (401, "unauthenticated")
    assert refused(send(preparer, token, proof, "Bearer")) == (401, "invalid_token")
    assert refused(send(preparer, token, None)) == (401, "invalid_dpop_proof")
    for name in ("DPoP", "Authorization", "Content-Type"):
        given = [*preparer.headers("GET", PATH).items(), (name, "x"), (name, "y")]
        answer = preparer.http.get(PATH, headers=given)
        assert refused(answer) == (400, "invalid_request")


def test_31_a_token_never_stands_in_the_address(preparer: Caller) -> None:
    answer = preparer.http.get(f"{PATH}?access_token={preparer.token()}")
    assert refused(answer) == (400, "invalid_request")


PROOFS: dict[str, Callable[[Caller, str], str]] = {
    "32 no ath": lambda c, _t: c.proof("GET", PATH),
    "32 wrong ath": lambda c, _t: c.proof("GET", PATH, access_token="other"),
    "35 other method": lambda c, t: c.proof("POST", PATH, access_token=t),
    "24 other path": lambda c, t: c.proof("GET", "/v1/inbox", access_token=t),
    "24 other host": lambda c, t: dpop.sign_proof(
        c.proof_key, method="GET", url=f"https://evil.example{PATH}", now=now(), access_token=t
    ),
    "25 an hour ahead": lambda c, t: c.proof(
        "GET", PATH, access_token=t, now=now() + timedelta(hours=1)
    ),
    "23 another key inside": lambda c, t: reforge(
        c.proof_key,
        c.proof("GET", PATH, access_token=t),
        header={"jwk": jose.public_part(jose.generate())},
    ),
}


@pytest.mark.parametrize("row", PROOFS)
def test_a_wrong_proof_is_refused(preparer: Caller, row: str) -> None:
    token = preparer.token()
    answer = send(preparer, token, PROOFS[row](preparer, token))
    assert refused(answer) == (401, "invalid_dpop_proof")


def test_33_a_stolen_token_is_worthless(world: World, preparer: Caller) -> None:
    thief = world.caller("preparer")
    proof = thief.proof("GET", PATH, access_token=preparer.token())
    assert refused(send(preparer, preparer.token(), proof)) == (401, "invalid_token")


def test_34_a_proof_counts_once_whatever_else_it_says(preparer: Caller) -> None:
    token = preparer.token()
    proof = preparer.proof("GET", PATH, access_token=token)
    assert send(preparer, token, proof).status_code == 200
    assert refused(send(preparer, token, proof)) == (401, "invalid_dpop_proof")
    again = reforge(preparer.proof_key, proof, claims={"htu": f"{preparer.node.url}{PATH}?x=1"})
    assert refused(send(preparer, token, again)) == (401, "invalid_dpop_proof")


def test_35_an_old_proof_needs_a_nonce(preparer: Caller) -> None:
    token = preparer.token()
    old = {"access_token": token, "now": now() - timedelta(hours=1)}
    answer = send(preparer, token, preparer.proof("GET", PATH, **old))
    assert refused(answer) == (401, "use_dpop_nonce")
    proof = preparer.proof("GET", PATH, nonce=answer.headers["dpop-nonce"], **old)
    assert send(preparer, token, proof).status_code == 200


@pytest.mark.parametrize("seconds", [-10, 10])
def test_29_clocks_may_differ(preparer: Caller, seconds: int) -> None:
    at = now() + timedelta(seconds=seconds)
    proof = preparer.proof("GET", PATH, access_token=preparer.token(), now=at)
    assert send(preparer, preparer.token(), proof).status_code == 200


TOKENS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "36 alg none": ({"alg": "none"}, {}),
    "36 another kid": ({"kid": "x"}, {}),
    "37 expired": ({}, {"exp": -11}),
    "37 expired within the skew": ({}, {"exp": -1}),
    "37 other aud": ({}, {"aud": "https://other.example/api"}),
    "37 other iss": ({}, {"iss": "https://other.example"}),
    "37 typ JWT": ({"typ": "JWT"}, {}),
    "37 no cnf": ({}, {"cnf": None}),
    "R1 no scope": ({}, {"scope": None}),
    "R2 jku": ({"jku": "https://evil.example"}, {}),
    "a role it does not have": ({}, {"role": "approver"}),
    "an unknown client": ({}, {"sub": "urn:x", "client_id": "urn:x"}),
}


@pytest.mark.parametrize("row", TOKENS)
def test_a_wrong_token_is_refused(world: World, preparer: Caller, row: str) -> None:
    header, claims = TOKENS[row]
    at = int(now().timestamp())
    moved = {name: at + value if type(value) is int else value for name, value in claims.items()}
    token = reforge(
        token_key(world.qm, preparer.token()), preparer.token(), header=header, claims=moved
    )
    proof = preparer.proof("GET", PATH, access_token=token)
    answer = send(preparer, token, proof)
    assert refused(answer) == (401, "invalid_token")
    assert answer.json()["reason"] != "signature", "it is what it says that is wrong"


def test_36_38_only_the_gateway_makes_tokens(preparer: Caller) -> None:
    forged = reforge(preparer.node.clients["preparer"], preparer.token())
    for token in (forged, preparer.token() + "=", preparer.assertion(), "x"):
        proof = preparer.proof("GET", PATH, access_token=token)
        assert refused(send(preparer, token, proof)) == (401, "invalid_token")


def test_a_remembered_token_expires_all_the_same(world: World, preparer: Caller) -> None:
    soon = int(now().timestamp()) + 3
    token = reforge(token_key(world.qm, preparer.token()), preparer.token(), claims={"exp": soon})
    headers = preparer.headers("GET", PATH, token)
    assert preparer.http.get(PATH, headers=headers).status_code == 200
    time.sleep(max(0.0, soon + 0.1 - time.time()))  # noqa: TID251 - real waiting
    assert refused(send(preparer, token, None)) == (401, "invalid_token")


def test_39_a_scope_that_is_missing_is_named(preparer: Caller) -> None:
    answer = preparer.call("GET", "/v1/inbox")
    assert refused(answer) == (403, "insufficient_scope")
    assert "packages:receive" in answer.json()["detail"]


@pytest.mark.parametrize(
    "role", ["preparer", "approver", "receiver", "oversight", "protection", "ops", "registrar"]
)
def test_each_role_reaches_its_own_addresses_and_no_other(world: World, role: str) -> None:
    caller = world.caller(role)
    scopes = set(caller.ask().json()["scope"].split())
    for route in ROUTES:
        places = {
            "id": "a",
            "item": "b",
            "n": "0",
            "peer": "QN",
            "tile": "0/000",
            "digest": "0" * 64,
            "client": "urn:rogatory:QM:nobody",
            "metadata": "9.root.json",
            "document": f"{'0' * 64}.QX.json",
            "profile": f"{'0' * 64}.QX-QY.toml",
            "clock": "D02.M01.1",
            "challenge": "00000000-0000-7000-8000-000000000000",
        }
        path = route.template.format(**places)
        headers = {"X-Purpose": "test"} if route.purpose else {}
        if "segments/0" in path and route.method == "GET":
            continue
        status = caller.call(route.method, path, headers=headers).status_code
        allowed = route.scope is None or bool(route.scopes & scopes)
        assert (status == 403) != allowed, path


def test_40_a_body_has_its_limit(preparer: Caller) -> None:
    big = b"x" * (300 * 1024)
    assert refused(preparer.call("POST", PATH, content=big)) == (413, "too_large")
    chunked = preparer.call("POST", PATH, content=iter([big[:150_000], big[150_000:]]))
    assert refused(chunked) == (413, "too_large")


def test_compressed_bodies_are_not_opened(preparer: Caller) -> None:
    answer = preparer.call("POST", PATH, content=b"x", headers={"Content-Encoding": "gzip"})
    assert refused(answer) == (415, "content_encoding")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/requests/",
        "/V1/requests",
        "//v1/requests",
        "/v1/requests/a%2fb",
        "/v1/requests/..%2f",
        "/v1/requests;a=b",
        "/v1/requests/a.b",
        "/v1/requests/" + "a" * 65,
        "/oversight/entries",
        "/entries",
        "/ops/inspections/newest",
        "/log/tile/x/000",
    ],
)
def test_50_no_other_spelling_leads_anywhere(preparer: Caller, path: str) -> None:
    status, code = refused(preparer.http.get(path))
    assert (status, code) in {(404, "not_found"), (400, "malformed_path")}


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PATCH", "DELETE", "HEAD"])
def test_51_another_method_is_told_which_there_are(preparer: Caller, method: str) -> None:
    answer = preparer.http.request(method, PATH)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_63_an_overseer_states_a_purpose(world: World) -> None:
    overseer = world.caller("oversight")
    path = "/v1/audit/entries"
    assert refused(overseer.call("GET", path)) == (400, "purpose_required")
    for purpose in ("x" * 501, "", "a\tb"):
        answer = overseer.call("GET", path, headers={"X-Purpose": purpose})
        assert answer.status_code == 400
    assert overseer.call("GET", path, headers={"X-Purpose": "case 7"}).status_code == 200
    assert refused(overseer.call("GET", PATH)) == (403, "insufficient_scope")


def test_64_a_token_of_another_node_counts_for_nothing(world: World) -> None:
    foreign = Caller(world.qn, "preparer")
    token = foreign.token()
    here = Caller(world.qm, "preparer", proof_key=foreign.proof_key)
    proof = here.proof("GET", PATH, access_token=token)
    assert refused(send(here, token, proof)) == (401, "invalid_token")
