"""The OpenID conformance suite's modules for FAPI 2.0 with client credentials, by the suite's names.

Plan `fapi2-security-profile-final-test-plan`, variant client credentials, private_key_jwt and DPoP
(package `fapi2spfinal` of openid-certification/conformance-suite), rewritten. Modules that the suite has
for the pushed authorization endpoint alone are played at our token endpoint.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from shared.protocol import canonical, jose
from tests.forging import forge, parts, reforge, rsa_key
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.sockets import now

PATH = "/v1/ops/log"
# RFC 8414, 2 and RFC 9449, 5.1: the suite's schema knows no other members of ours.
KNOWN = {
    "issuer",
    "token_endpoint",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "jwks_uri",
    "grant_types_supported",
    "response_types_supported",
    "scopes_supported",
    "dpop_signing_alg_values_supported",
    "tls_client_certificate_bound_access_tokens",
}


@pytest.fixture(scope="module")
def caller(world: World) -> Caller:
    return world.caller("ops")


def at(seconds: int = 0) -> int:
    return int(now().timestamp()) + seconds


def send(caller: Caller, proof: str, scheme: str = "DPoP") -> httpx.Response:
    headers = {"Authorization": f"{scheme} {caller.token()}", "DPoP": proof}
    return caller.http.get(PATH, headers=headers)


def proof(caller: Caller, **given: Any) -> str:  # noqa: ANN401 - passed on
    return caller.proof("GET", PATH, **{"access_token": caller.token(), **given})


def asserted(caller: Caller, **claims: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
    text = reforge(caller.node.clients[caller.role], caller.assertion(), claims=claims)
    return caller.ask(caller.form(client_assertion=text))


def refused(answer: httpx.Response) -> None:
    """CheckTokenEndpointHttpStatusIs400Allowing401ForInvalidClientError."""
    error = answer.json()["error"]
    expected = {400, 401, 429} if error in {"invalid_client", "slow_down"} else {400}
    assert answer.status_code in expected
    assert answer.headers["content-type"] == "application/json"


def _discovery(_world: World, caller: Caller) -> None:
    answer = caller.http.get("/.well-known/oauth-authorization-server")
    said = answer.json()
    assert set(said) <= KNOWN
    assert said["issuer"] == caller.node.url
    assert all(said[name].startswith(caller.node.url) for name in said if name[-8:] == "endpoint")
    assert set(said["dpop_signing_alg_values_supported"]) == {
        "ES256",
        "PS256",
        "Ed25519",
        "EdDSA",
    }
    assert "client_credentials" in said["grant_types_supported"]


def _happy(_world: World, caller: Caller) -> None:
    answer = caller.ask()
    body = answer.json()
    assert (answer.status_code, body["token_type"]) == (200, "DPoP")
    assert "no-store" in answer.headers["cache-control"]
    assert len(body["access_token"].split(".")[2]) >= 22, "128 bits that nobody guesses"
    # EnsureNoRefreshToken, and nothing that client credentials do not have.
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    caller.held = body["access_token"]
    assert send(caller, proof(caller)).status_code == 200


def _scheme(_world: World, caller: Caller) -> None:
    for scheme in ("dpop", "DPOP", "dPoP"):
        assert send(caller, proof(caller), scheme).status_code == 200


def _lifetimes(_world: World, caller: Caller) -> None:
    for claims in ({"nbf": at(-10), "exp": at(300)}, {"exp": at(-3600)}, {"nbf": at(-3600)}):
        made = reforge(caller.proof_key, proof(caller), claims=claims)
        assert send(caller, made).status_code == 200


def _ten_seconds(seconds: int) -> Callable[[World, Caller], None]:
    def play(_world: World, caller: Caller) -> None:
        then = {"now": now() + timedelta(seconds=seconds)}
        answer = send(caller, proof(caller, **then))
        if (
            "dpop-nonce" in answer.headers
        ):  # as in the suite: a gateway that has just begun asks for one
            nonce = answer.headers["dpop-nonce"]
            answer = send(caller, proof(caller, nonce=nonce, **then))
        assert answer.status_code == 200

    return play


def _holder_of_key(_world: World, caller: Caller) -> None:
    answer = caller.http.post("/oauth/token", data=caller.form())
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_request", "invalid_dpop_proof"}


def _client_id(world: World, caller: Caller) -> None:
    other = Caller(world.qm, "approver", key=world.qm.clients[caller.role])
    refused(other.ask())
    refused(caller.ask(caller.form(client_id=world.qm.client_id("approver"))))


def _no_assertion(_world: World, caller: Caller) -> None:
    refused(caller.ask(caller.form(client_assertion=None, client_assertion_type=None)))
    refused(caller.ask(caller.form(client_assertion=None)))


def _claims(**claims: Any) -> Callable[[World, Caller], None]:  # noqa: ANN401 - any JSON
    def play(_world: World, caller: Caller) -> None:
        moved = {name: at(value) if type(value) is int else value for name, value in claims.items()}
        refused(asserted(caller, **moved))

    return play


def _audience(shape: Callable[[str], object]) -> Callable[[World, Caller], None]:
    return lambda _world, caller: refused(asserted(caller, aud=shape(caller.node.url)))


def _rs256(_world: World, caller: Caller) -> None:
    private = jwt.PyJWK(rsa_key(), algorithm="RS256").key
    header, claims = parts(caller.assertion())
    text = jwt.encode(claims, private, "RS256", headers={**header, "alg": "RS256"})
    refused(caller.ask(caller.form(client_assertion=text)))


def _iat_8_seconds(_world: World, caller: Caller) -> None:
    assert asserted(caller, iat=at(8), nbf=at(8)).status_code == 200


MODULES: dict[str, Callable[[World, Caller], None]] = {
    "DiscoveryEndpointVerification": _discovery,
    "HappyFlow": _happy,
    "AccessTokenTypeHeaderCaseSensitivity": _scheme,
    "CheckDpopProofNbfExp": _lifetimes,
    "EnsureDpopProofWithIat10SecondsBeforeSucceeds": _ten_seconds(-10),
    "EnsureDpopProofWithIat10SecondsAfterSucceeds": _ten_seconds(10),
    "EnsureHolderOfKeyRequired": _holder_of_key,
    "EnsureClientIdInTokenEndpoint": _client_id,
    "EnsureClientAssertionInTokenEndpoint": _no_assertion,
    "EnsureClientAssertionWithExpIs5MinutesInPastFails": _claims(exp=-300),
    "EnsureClientAssertionWithWrongAudFails": _audience(lambda _: "https://other.example"),
    "EnsureClientAssertionWithNoSubFails": _claims(sub=None),
    "EnsureSignedClientAssertionWithRS256Fails": _rs256,
    "PAREndpointAsAudienceFails": _audience(lambda url: url + "/oauth/token"),
    "PARArrayAsAudienceFails": _audience(lambda url: [url]),
    "PARIatNbf8SecondsInTheFutureIsAccepted": _iat_8_seconds,
    "PARIatNbfOver60SecondsFails": _claims(iat=61, nbf=61),
}


@pytest.mark.parametrize("name", MODULES)
def test_fapi2_security_profile_final(world: World, name: str) -> None:
    MODULES[name](world, world.caller("ops"))


def _changed(
    header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None
) -> Callable[[Caller], str]:
    def make(caller: Caller) -> str:
        moved = {
            name: value.replace("URL", caller.node.url) if isinstance(value, str) else value
            for name, value in (claims or {}).items()
        }
        return reforge(caller.proof_key, proof(caller), header=header, claims=moved)

    return make


def _unsigned(caller: Caller) -> str:
    header, claims = parts(proof(caller))
    none = [canonical.b64u(canonical.encode(each)) for each in ({**header, "alg": "none"}, claims)]
    return ".".join(none) + "."


def _broken(caller: Caller) -> str:
    text = proof(caller)
    return text[:-12] + "AAAAAAAAAAAA"


def _another_key(caller: Caller) -> str:
    key = jose.generate()
    return forge(key, {**parts(proof(caller))[0], "jwk": jose.public_part(key)}, _of(caller))


def _of(caller: Caller) -> dict[str, Any]:
    return parts(proof(caller))[1]


# What the proof is, and whether the resource answers. In the suite's order; the default port, which our
# tests cannot listen on, is a claim of the unit tests of `dpop`.
STEPS: dict[str, tuple[Callable[[Caller], str], bool]] = {
    "not well-formed JWT": (lambda c: "x" + proof(c).replace(".", "/", 1), False),
    "typ missing": (_changed({"typ": None}), False),
    "alg missing": (_changed({"alg": None}), False),
    "jwk missing": (_changed({"jwk": None}), False),
    "jti missing": (_changed(claims={"jti": None}), False),
    "htm missing": (_changed(claims={"htm": None}), False),
    "htu missing": (_changed(claims={"htu": None}), False),
    "iat missing": (_changed(claims={"iat": None}), False),
    "ath missing": (_changed(claims={"ath": None}), False),
    "typ invalid": (_changed({"typ": "dpop+jwt+wrongyousee"}), False),
    "none alg": (_unsigned, False),
    "invalid signature": (_broken, False),
    "jwk is private": (lambda c: _changed({"jwk": dict(c.proof_key)})(c), False),
    "incorrect htm": (_changed(claims={"htm": "PUT"}), False),
    "htu with query and fragment": (_changed(claims={"htu": f"URL{PATH}?a=b#c"}), True),
    "htu without query": (_changed(), True),
    "htu is another url": (_changed(claims={"htu": "https://other.example/x"}), False),
    "iat an hour ahead": (lambda c: proof(c, now=now() + timedelta(hours=1)), False),
    "iat an hour ago": (lambda c: proof(c, now=now() - timedelta(hours=1)), False),
    "ath incorrect": (_changed(claims={"ath": "x" * 43}), False),
    "another key": (_another_key, False),
    "extra members": (_changed({"tx_id": 7}, {"tx_id": 7, "exp": 1}), True),
    "htu in upper case": (lambda c: _changed(claims={"htu": _upper(c)})(c), True),
    "a correct proof still works": (proof, True),
}


def _upper(caller: Caller) -> str:
    return caller.node.url.replace("https", "HTTPS") + PATH


@pytest.mark.parametrize("step", STEPS)
def test_dpop_negative_tests(caller: Caller, step: str) -> None:
    make, works = STEPS[step]
    assert send(caller, make(caller)).status_code in ({200} if works else {400, 401, 429})


def test_dpop_negative_tests_of_the_header(caller: Caller) -> None:
    token, good = caller.token(), proof(caller)
    headers = {"Authorization": f"DPoP {token}"}
    assert caller.http.get(PATH, headers={**headers, "DPOP": good}).status_code == 200
    two = [*headers.items(), ("DPoP", proof(caller)), ("DPoP", proof(caller))]
    assert caller.http.get(PATH, headers=two).status_code == 400
    assert caller.http.get(PATH, headers=headers).status_code == 401
    assert caller.http.get(PATH, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_dpop_negative_tests_of_reuse(caller: Caller) -> None:
    claims = {"jti": jose.new_jti()}
    for status in (200, 401):
        again = reforge(caller.proof_key, proof(caller), claims=claims)
        assert send(caller, again).status_code == status
