"""The door lets in one form of token and nothing that resembles it."""

from collections.abc import Callable

import pytest

from shared.protocol import canonical, jose
from shared.protocol.jose import Claims, Profile, TokenError
from tests.forging import forge

KEY, OTHER = jose.generate(), jose.generate()
PROFILE = Profile(
    types=frozenset({None, "test+jwt"}),
    header=frozenset({"alg", "typ", "kid"}),
    required=frozenset({"sub"}),
)
HEADER = {"typ": "test+jwt", "kid": "k"}
GOOD = forge(KEY, HEADER, {"sub": "a"})
PUBLIC = jose.public_part(KEY)


def test_a_good_token_passes() -> None:
    token = jose.parse(GOOD, PROFILE)
    jose.check_signature(token, PUBLIC)
    assert token.claims == {"sub": "a"}


@pytest.mark.parametrize("typ", ["test+jwt", "application/test+jwt", "TEST+JWT", None])
def test_the_type_is_compared_as_a_media_type(typ: str | None) -> None:
    token = jose.parse(forge(KEY, {**HEADER, "typ": typ}, {"sub": "a"}), PROFILE)
    assert token.claims == {"sub": "a"}


FORMS: dict[str, tuple[Callable[[], str], str]] = {
    "padded": (lambda: GOOD + "=", "form"),
    "newline": (lambda: GOOD + "\n", "form"),
    "two parts": (lambda: ".".join(GOOD.split(".")[:2]), "form"),
    "five parts": (lambda: GOOD + ".aa.aa", "form"),
    "JSON serialisation": (lambda: '{"payload":"e30"}', "form"),
    "too long": (lambda: forge(KEY, HEADER, {"sub": "a" * 8000}), "form"),
    "bits behind the end": (lambda: GOOD[:-1] + chr(ord(GOOD[-1]) + 1), "form"),
    "not ASCII": (lambda: "é" + GOOD, "form"),
    "header is a list": (lambda: f"{canonical.b64u(b'[1]')}.{GOOD.split('.', 1)[1]}", "form"),
    "claims are a text": (lambda: forge(KEY, HEADER, b'"sub"'), "form"),
    "duplicate claim": (lambda: forge(KEY, HEADER, b'{"sub":"a","sub":"b"}'), "form"),
    "NaN": (lambda: forge(KEY, HEADER, b'{"sub":NaN}'), "form"),
    "float": (lambda: forge(KEY, HEADER, b'{"sub":1.5}'), "form"),
    "no UTF-8": (lambda: forge(KEY, HEADER, b'{"sub":"\xff"}'), "form"),
    "no claim": (lambda: forge(KEY, HEADER, {"x": 1}), "sub"),
    "another type": (lambda: forge(KEY, {**HEADER, "typ": "at+jwt"}, {"sub": "a"}), "typ"),
    "type is a number": (lambda: forge(KEY, {**HEADER, "typ": 1}, {"sub": "a"}), "typ"),
    "none": (lambda: forge(KEY, {**HEADER, "alg": "none"}, {"sub": "a"}), "alg"),
    "noNE": (lambda: forge(KEY, {**HEADER, "alg": "noNE"}, {"sub": "a"}), "alg"),
    "HS256": (lambda: forge(KEY, {**HEADER, "alg": "HS256"}, {"sub": "a"}), "alg"),
    "RS256": (lambda: forge(KEY, {**HEADER, "alg": "RS256"}, {"sub": "a"}), "alg"),
    "no kid": (lambda: forge(KEY, {**HEADER, "kid": None}, {"sub": "a"}), "header"),
    "jwk": (lambda: forge(KEY, {**HEADER, "jwk": PUBLIC}, {"sub": "a"}), "header"),
    "jku": (lambda: forge(KEY, {**HEADER, "jku": "https://x"}, {"sub": "a"}), "header"),
    "x5u": (lambda: forge(KEY, {**HEADER, "x5u": "http://169.254.169.254"}, {}), "header"),
    "crit": (lambda: forge(KEY, {**HEADER, "crit": ["x"]}, {"sub": "a"}), "header"),
    "b64": (lambda: forge(KEY, {**HEADER, "crit": ["b64"], "b64": False}, {}), "header"),
}


@pytest.mark.parametrize("name", FORMS)
def test_nothing_else_is_a_token(name: str) -> None:
    make, reason = FORMS[name]
    with pytest.raises(TokenError) as caught:
        jose.parse(make(), PROFILE)
    assert caught.value.facts["reason"] == reason


def test_another_key_did_not_sign() -> None:
    with pytest.raises(TokenError, match="signature"):
        jose.check_signature(jose.parse(GOOD, PROFILE), jose.public_part(OTHER))


KEYS: dict[str, dict[str, canonical.Json]] = {
    "private": dict(KEY),
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "unknown member": {**PUBLIC, "x5c": "x"},
    "RSA": {**PUBLIC, "kty": "RSA"},
    "P-384": {**PUBLIC, "crv": "P-384"},
    "for encryption": {**PUBLIC, "use": "enc"},
    "for another algorithm": {**PUBLIC, "alg": "ES384"},
    "no coordinate": {name: value for name, value in PUBLIC.items() if name != "x"},
    "short coordinate": {**PUBLIC, "x": "AAAA"},
    "off the curve": {**PUBLIC, "x": PUBLIC["y"]},
    "padded coordinate": {**PUBLIC, "x": f"{PUBLIC['x']}="},
}


@pytest.mark.parametrize("name", KEYS)
def test_only_a_public_p256_key_is_a_key(name: str) -> None:
    with pytest.raises(TokenError) as caught:
        jose.public_key(KEYS[name])
    assert caught.value.facts["reason"] == "key"


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(TokenError, match="private"):
        jose.sign(PUBLIC, "test+jwt", {"sub": "a"})


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """The key of RFC 9449, 4.1, and its thumbprint in 6.1."""
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    }
    assert jose.thumbprint(key) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize("value", [None, True, "1", 0, -1])
def test_a_time_is_a_positive_whole_number(value: canonical.Json) -> None:
    claims: Claims = {} if value is None else {"exp": value}
    with pytest.raises(TokenError) as caught:
        jose.integer(claims, "exp")
    assert caught.value.facts["reason"] == "exp"


@pytest.mark.parametrize("value", [None, 1, "", "a" * 2049])
def test_a_text_has_a_sensible_length(value: canonical.Json) -> None:
    with pytest.raises(TokenError):
        jose.string({"iss": value}, "iss")


@pytest.mark.parametrize("value", ["a" * 15, "a" * 257])
def test_a_jti_has_a_sensible_length(value: str) -> None:
    with pytest.raises(TokenError):
        jose.jti({"jti": value})
