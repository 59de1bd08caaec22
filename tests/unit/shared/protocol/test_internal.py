"""A service's assertion is good for one call, and by the keys that count."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.protocol import internal, jose
from shared.protocol.digests import sha256
from shared.protocol.jose import TokenError
from tests.forging import reforge

OLD, NEW, OTHER = jose.generate(), jose.generate(), jose.generate()
KEYS = {"gateway": [jose.public_part(NEW), jose.public_part(OLD)]}
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
TARGET = "/v1/requests?state=S05&direction=in"


def made(key: jose.Jwk = NEW, target: str = TARGET, body: bytes | None = None) -> str:
    claims: jose.Claims = {
        "iss": "gateway",
        "aud": "exchange",
        **internal.bound("POST", target, body),
        "iat": AT,
        "exp": AT + internal.MAX_LIFE,
        "jti": jose.new_jti(),
    }
    return internal.sign(key, claims)


def check(text: str, target: str = TARGET) -> internal.Internal:
    return internal.verify(text, KEYS, audience="exchange", method="POST", target=target, now=NOW)


@pytest.mark.parametrize("key", [OLD, NEW], ids=["old", "new"])
def test_both_keys_count_while_one_is_replaced(key: jose.Jwk) -> None:
    assert check(made(key)).issuer == "gateway"


def test_no_third_key_counts() -> None:
    with pytest.raises(TokenError) as refused:
        check(made(OTHER))
    assert refused.value.facts["reason"] == "signature"


def test_it_says_which_body_the_call_has() -> None:
    assert check(made(body=sha256(b"x"))).body == sha256(b"x")
    assert check(made()).body is None


@pytest.mark.parametrize(
    ("signed", "called", "reason"),
    [
        (TARGET, "/v1/requests", "query"),
        (TARGET, "/v1/requests?direction=in&state=S05", "query"),
        ("/v1/requests", TARGET, "query"),
        ("/v1/requests", "/v1/requests/", "path"),
        ("/v1/requests", "/v1/Requests", "path"),
    ],
)
def test_it_is_for_one_address(signed: str, called: str, reason: str) -> None:
    with pytest.raises(TokenError) as refused:
        check(made(target=signed), called)
    assert refused.value.facts["reason"] == reason


def test_an_empty_query_is_none() -> None:
    assert internal.bound("GET", "/a?", None) == {"htm": "GET", "path": "/a"}


@pytest.mark.parametrize("body", ["", "=", "AAAA", 1, None])
def test_a_digest_that_is_none_is_refused(body: Any) -> None:  # noqa: ANN401
    text = reforge(NEW, made(body=sha256(b"x")), claims={"body": body})
    if body is None:  # left out
        assert check(text).body is None
        return
    with pytest.raises(TokenError) as refused:
        check(text)
    assert refused.value.facts["reason"] == "body"
