"""The token endpoint: gateway.md's T rows and negative tests 1 to 29, 41 to 43, 65."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.gateway.routes.oauth import UNKNOWN
from shared.protocol import jose
from tests.forging import reforge
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.enrolling import enrolled, suspend
from tests.service.gateway.sockets import now

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Take an error of RFC 6749, 5.2 apart: status and code (429 where 401s are many)."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", body["error_description"])
    status, code = answer.status_code, str(body["error"])
    if status == 401:  # whoever is not known is not told whether a client or a key exists
        assert body["error_description"] == UNKNOWN
    if (status, code) == (429, "quota_exceeded"):
        assert answer.headers["retry-after"]
        return 401, "invalid_client"
    return status, code


def test_the_metadata_tells_what_there_is(world: World, preparer: Caller) -> None:
    answer = preparer.http.get("/.well-known/oauth-authorization-server").json()
    assert answer["issuer"] == world.qm.url
    assert answer["grant_types_supported"] == ["client_credentials"]
    assert answer["response_types_supported"] == []
    assert answer["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]


def test_the_keys_are_public(preparer: Caller) -> None:
    keys = preparer.http.get("/.well-known/jwks.json").json()["keys"]
    assert keys
    for key in keys:
        assert "d" not in key
        assert jose.thumbprint(key) == key["kid"]


def test_a_client_is_given_a_bound_token(preparer: Caller) -> None:
    answer = preparer.ask()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("DPoP", 300)
    assert "refresh_token" not in body
    assert set(body["scope"].split()) >= {"requests:read", "packages:prepare"}


@pytest.mark.parametrize("name", ["introspect", "authorize", "par", "register", "token/"])
def test_r8_nothing_else_is_offered(preparer: Caller, name: str) -> None:
    assert preparer.http.post(f"/oauth/{name}", data=preparer.form()).status_code == 404


def test_a_client_may_ask_for_less(preparer: Caller) -> None:
    answer = preparer.ask(preparer.form(scope="requests:read"))
    assert answer.json()["scope"] == "requests:read"


def test_a_peer_is_a_client_too(world: World) -> None:
    answer = as_peer(world).ask()
    assert answer.status_code == 200
    assert answer.json()["scope"] == "node:deliver"


def as_peer(world: World) -> Caller:
    return Caller(world.qm, "peer", key=world.qn.peer_key, claimed=world.qn.url)


ASSERTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "1 aud is the endpoint": ({}, {"aud": "URL/oauth/token"}),
    "2 aud is a list": ({}, {"aud": ["URL"]}),
    "2 aud is two": ({}, {"aud": ["URL", "https://other.example"]}),
    "3 aud has a slash": ({}, {"aud": "URL/"}),
    "3 aud is another node": ({}, {"aud": "https://other.example"}),
    "4 no sub": ({}, {"sub": None}),
    "4 no iss": ({}, {"iss": None}),
    "4 no exp": ({}, {"exp": None}),
    "4 no jti": ({}, {"jti": None}),
    "5 iss is not sub": ({}, {"iss": "urn:rogatory:QM:approver"}),
    "6 expired": ({}, {"exp": -300}),
    "6 lives an hour": ({}, {"exp": 3600}),
    "6 exp is a text": ({}, {"exp": "x"}),
    "6 exp is true": ({}, {"exp": True}),
    "7 iat a minute ahead": ({}, {"iat": 61}),
    "7 nbf a minute ahead": ({}, {"nbf": 61}),
    "8 RS256": ({"alg": "RS256"}, {}),
    "9 none": ({"alg": "none"}, {}),
    "9 noNE": ({"alg": "noNE"}, {}),
    "10 HS256": ({"alg": "HS256"}, {}),
    "11 unknown kid": ({"kid": "unknown"}, {}),
    "11 kid with SQL": ({"kid": "k1' or 1=1--"}, {}),
    "12 jku": ({"jku": "https://evil.example"}, {}),
    "12 x5u": ({"x5u": "http://169.254.169.254/"}, {}),
    "13 crit": ({"crit": ["x"]}, {}),
    "16 typed as a proof": ({"typ": "dpop+jwt"}, {}),
    "16 typed as an access token": ({"typ": "at+jwt"}, {}),
}


@pytest.mark.parametrize("row", ASSERTIONS)
def test_a_wrong_assertion_is_refused(preparer: Caller, row: str) -> None:
    header, claims = ASSERTIONS[row]
    at = int(now().timestamp())
    moved = {
        name: at + value if type(value) is int else _addressed(value, preparer)
        for name, value in claims.items()
    }
    text = reforge(
        preparer.node.clients["preparer"], preparer.assertion(), header=header, claims=moved
    )
    assert refused(preparer.ask(preparer.form(client_assertion=text))) == (401, "invalid_client")


def _addressed(value: Any, caller: Caller) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_addressed(one, caller) for one in value]
    return value.replace("URL", caller.node.url) if isinstance(value, str) else value


FORMS: dict[str, tuple[dict[str, str | None], tuple[int, str]]] = {
    "5 another client_id": ({"client_id": "urn:x"}, (401, "invalid_client")),
    "15 padded": ({"client_assertion": "e30=.e30=.e30="}, (401, "invalid_client")),
    "18 no assertion": ({"client_assertion": None}, (401, "invalid_client")),
    "18 no assertion type": ({"client_assertion_type": None}, (401, "invalid_client")),
    "18 a secret": ({"client_secret": "s3cret"}, (400, "invalid_request")),
    "19 password": ({"grant_type": "password"}, (400, "unsupported_grant_type")),
    "19 code": ({"grant_type": "authorization_code"}, (400, "unsupported_grant_type")),
    "19 no grant": ({"grant_type": None}, (400, "invalid_request")),
    "20 not granted": ({"scope": "packages:approve"}, (400, "invalid_scope")),
    "20 doubled": ({"scope": "requests:read requests:read"}, (400, "invalid_scope")),
    "20 empty": ({"scope": ""}, (400, "invalid_scope")),
    "20 resource": ({"resource": "https://other.example"}, (400, "invalid_target")),
}


@pytest.mark.parametrize("row", FORMS)
def test_a_wrong_form_is_refused(preparer: Caller, row: str) -> None:
    changes, expected = FORMS[row]
    assert refused(preparer.ask(preparer.form(**changes))) == expected


def test_21_only_one_form_is_read(preparer: Caller) -> None:
    http, form = preparer.http, preparer.form()
    proof = {"DPoP": preparer.proof("POST", "/oauth/token")}
    assert refused(http.post("/oauth/token", json=form, headers=proof)) == (400, "invalid_request")
    doubled = "grant_type=client_credentials&grant_type=client_credentials"
    wrong = [("/oauth/token", doubled), ("/oauth/token", "x"), ("/oauth/token", "a=%ff")]
    for path, body in [*wrong, ("/oauth/token?scope=x", "a=b")]:
        answer = http.post(path, content=body, headers={**proof, **FORM})
        assert refused(answer) == (400, "invalid_request")
    basic = {"Authorization": "Basic YTpi", **proof}
    assert refused(http.post("/oauth/token", data=form, headers=basic)) == (400, "invalid_request")
    answer = http.get("/oauth/token")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    big = http.post("/oauth/token", data={"a": "b" * 20_000}, headers=proof)
    assert big.status_code == 413


PROOFS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "23 no typ": ({"typ": None}, {}),
    "23 typ JWT": ({"typ": "JWT"}, {}),
    "23 no jwk": ({"jwk": None}, {}),
    "23 symmetric jwk": ({"jwk": {"kty": "oct", "k": "AAAA"}}, {}),
    "23 jwk of another": ({"jwk": jose.public_part(jose.generate())}, {}),
    "23 none": ({"alg": "none"}, {}),
    "23 RS256": ({"alg": "RS256"}, {}),
    "24 no jti": ({}, {"jti": None}),
    "24 no htm": ({}, {"htm": None}),
    "24 no htu": ({}, {"htu": None}),
    "24 no iat": ({}, {"iat": None}),
    "24 htm": ({}, {"htm": "PUT"}),
    "24 htm in lower case": ({}, {"htm": "post"}),
    "24 htu elsewhere": ({}, {"htu": "https://other.example/oauth/token"}),
    "24 htu path": ({}, {"htu": "URL/oauth/revoke"}),
    "24 kid": ({"kid": "k"}, {}),
    "25 an hour ahead": ({}, {"iat": 3600}),
}


@pytest.mark.parametrize("row", PROOFS)
def test_a_wrong_proof_is_refused(preparer: Caller, row: str) -> None:
    header, claims = PROOFS[row]
    at = int(now().timestamp())
    moved = {
        name: at + value if type(value) is int else _addressed(value, preparer)
        for name, value in claims.items()
    }
    good = preparer.proof("POST", "/oauth/token")
    proof = reforge(preparer.proof_key, good, header=header, claims=moved)
    assert refused(preparer.ask(proof=proof)) == (400, "invalid_dpop_proof")


def test_22_one_proof_and_no_more(preparer: Caller) -> None:
    answer = preparer.http.post("/oauth/token", data=preparer.form())
    assert refused(answer) == (400, "invalid_dpop_proof")
    proof = preparer.proof("POST", "/oauth/token")
    doubled = [("DPoP", proof), ("DPoP", proof)]
    answer = preparer.http.post("/oauth/token", data=preparer.form(), headers=doubled)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"


@pytest.mark.parametrize("given", [{"now": -3600}, {"nonce": "wrong"}])
def test_26_27_an_old_proof_needs_a_nonce_and_burns_nothing(
    preparer: Caller, given: dict[str, Any]
) -> None:
    old = {"now": now() - timedelta(hours=1)} if "now" in given else given
    form = preparer.form()
    answer = preparer.ask(form, preparer.proof("POST", "/oauth/token", **old))
    assert refused(answer) == (400, "use_dpop_nonce")
    nonce = answer.headers["dpop-nonce"]
    again = {**old, "nonce": nonce}
    assert preparer.ask(form, preparer.proof("POST", "/oauth/token", **again)).status_code == 200


def test_17_an_assertion_counts_once(preparer: Caller) -> None:
    form = preparer.form()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: preparer.ask(form).status_code, range(8)))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 429}


def test_28_a_proof_counts_once(preparer: Caller) -> None:
    proof = preparer.proof("POST", "/oauth/token")
    assert preparer.ask(proof=proof).status_code == 200
    assert refused(preparer.ask(proof=proof)) == (400, "invalid_dpop_proof")


def test_41_a_token_of_another_is_left_alone(world: World, preparer: Caller) -> None:
    token = preparer.token()
    other = world.caller("approver")
    answer = other.http.post("/oauth/revoke", data=other.form(token=token))
    assert answer.status_code == 200
    assert preparer.call("GET", "/v1/requests").status_code == 200


def test_42_a_token_is_taken_back_at_once(world: World) -> None:
    client = world.caller("receiver")
    token = client.token()
    assert client.call("GET", "/v1/inbox").status_code == 200
    form = client.form(token=token)
    assert client.http.post("/oauth/revoke", data=form).status_code == 200
    assert client.call("GET", "/v1/inbox").status_code == 401
    assert refused(client.http.post("/oauth/revoke", data=form)) == (401, "invalid_client")
    unknown = client.http.post("/oauth/revoke", data=client.form(token="unknown"))
    assert unknown.status_code == 200
    nothing = client.http.post("/oauth/revoke", data=client.form())
    assert refused(nothing) == (400, "invalid_request")


def test_43_a_suspended_client_is_out_at_once(world: World) -> None:
    client = enrolled(world.qm, "suspect", "receiver")
    assert client.call("GET", "/v1/inbox").status_code == 200
    suspend(world.qm, client.client_id)
    answer = client.call("GET", "/v1/inbox")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert refused(client.ask()) == (401, "invalid_client")


def test_56_a_suspended_or_unknown_peer_is_refused(world: World) -> None:
    peer = as_peer(world)
    stranger = Caller(world.qm, "preparer", key=jose.generate())
    assert refused(stranger.ask()) == (401, "invalid_client")
    unlisted = reforge(
        world.qn.peer_key,
        peer.assertion(),
        claims={"iss": "https://qx.example", "sub": "https://qx.example"},
    )
    answer = peer.ask(peer.form(client_assertion=unlisted))
    assert refused(answer) == (401, "invalid_client")
