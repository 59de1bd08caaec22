"""A proof is for one request, one token, one moment."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.protocol import dpop, jose
from shared.protocol.jose import TokenError
from tests.forging import reforge

KEY, OTHER = jose.generate(), jose.generate()
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
URL = "https://gateway.example/v1/requests"


def proof(**changes: Any) -> str:  # noqa: ANN401 - any JSON
    made = dpop.sign_proof(KEY, method="GET", url=URL, now=NOW, access_token="token")
    return reforge(KEY, made, claims=changes)


def check(text: str) -> dpop.Proof:
    return dpop.verify_proof(text, method="GET", url=URL, now=NOW, access_token="token")


def test_a_proof_names_its_key() -> None:
    proven = check(proof(nonce="n"))
    assert proven.jkt == jose.thumbprint(KEY)
    assert (proven.issued, proven.nonce) == (AT, "n")


@pytest.mark.parametrize(
    "htu",
    [
        "https://GATEWAY.example/v1/requests",
        "https://gateway.example:443/v1/requests",
        "https://gateway.example/v1/requests?a=b",
        "https://gateway.example/v1/requests#x",
    ],
)
def test_an_address_is_compared_as_an_address(htu: str) -> None:
    assert check(proof(htu=htu)).issued == AT


@pytest.mark.parametrize("claims", [{"iat": AT - 10}, {"iat": AT + 10}, {"exp": 1, "x": "y"}])
def test_clocks_may_differ_a_little_and_more_may_be_said(claims: dict[str, Any]) -> None:
    assert check(proof(**claims)).jkt == jose.thumbprint(KEY)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"htm": "PUT"}, "htm"),
        ({"htm": "get"}, "htm"),
        ({"htm": None}, "htm"),
        ({"htu": "https://other.example/v1/requests"}, "htu"),
        ({"htu": "http://gateway.example/v1/requests"}, "htu"),
        ({"htu": "https://gateway.example/v1/packages"}, "htu"),
        ({"htu": "https://a@gateway.example/v1/requests"}, "htu"),
        ({"htu": "https://gateway.example:8443/v1/requests"}, "htu"),
        ({"htu": "https://gateway.example:99999/v1/requests"}, "htu"),
        ({"htu": "/v1/requests"}, "htu"),
        ({"htu": "https://gateway.example/v1/req\tuests"}, "htu"),
        ({"htu": "https://gatewäy.example/v1/requests"}, "htu"),
        ({"htu": "https://gateway.example:0/v1/requests"}, "htu"),
        ({"htu": None}, "htu"),
        ({"iat": AT + 31}, "iat"),
        ({"iat": str(AT)}, "iat"),
        ({"iat": None}, "iat"),
        ({"jti": None}, "jti"),
        ({"jti": "short"}, "jti"),
        ({"ath": None}, "ath"),
        ({"ath": "x"}, "ath"),
        ({"nonce": 1}, "nonce"),
    ],
)
def test_a_proof_of_something_else_proves_nothing(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenError) as caught:
        check(proof(**claims))
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": None}, "typ"),
        ({"typ": "JWT"}, "typ"),
        ({"jwk": None}, "header"),
        ({"jwk": "text"}, "key"),
        ({"jwk": KEY}, "key"),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, "key"),
        ({"jwk": jose.public_part(OTHER)}, "signature"),
        ({"kid": "k"}, "header"),
        ({"x5c": ["x"]}, "header"),
    ],
)
def test_the_key_stands_inside_and_is_public(header: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenError) as caught:
        check(reforge(KEY, proof(), header=header))
    assert caught.value.facts["reason"] == reason


def test_at_the_token_endpoint_there_is_no_token() -> None:
    made = dpop.sign_proof(KEY, method="POST", url=URL, now=NOW, nonce="n")
    assert dpop.verify_proof(made, method="POST", url=URL, now=NOW).nonce == "n"
