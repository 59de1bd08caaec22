"""Three kinds of keys, one algorithm each, one spelling each; libraries of others agree."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from jwcrypto import jwk as other
from jwcrypto import jws

from shared.protocol import canonical, jose, jwk
from shared.protocol.jose import Profile, TokenError
from tests.forging import ed25519_key, forge, reforge, rsa_key

EC = jose.generate()
PROFILE = Profile(
    types=frozenset({"test+jwt"}), header=frozenset({"alg", "typ"}), required=frozenset()
)
KEYS: dict[str, Callable[[], dict[str, canonical.Json]]] = {
    "ES256": lambda: EC,
    "PS256": rsa_key,
    "Ed25519": ed25519_key,
}
NAMES = {"ES256": "ES256", "PS256": "PS256", "Ed25519": "EdDSA"}


def check(text: str, key: jose.Jwk) -> None:
    jose.check_signature(jose.parse(text, PROFILE), key)


@pytest.mark.parametrize("name", KEYS)
def test_each_kind_signs_and_is_checked(name: str) -> None:
    key = KEYS[name]()
    text = jose.sign(key, "test+jwt", {"sub": "a"})
    token = jose.parse(text, PROFILE)
    assert token.header["alg"] == name
    jose.check_signature(token, jose.public_part(key))
    with pytest.raises(TokenError, match="signature"):
        check(text[:-12] + "AAAAAAAAAAAA", jose.public_part(key))


@pytest.mark.parametrize("name", KEYS)
def test_a_stock_library_reads_what_we_sign_and_we_what_it_signs(name: str) -> None:
    key = KEYS[name]()
    ours = jose.sign(key, "test+jwt", {"sub": "a"})
    stock = other.JWK(**key)
    read = jws.JWS()
    read.allowed_algs = ["ES256", "PS256", "EdDSA"]
    ours = reforge(key, ours, header={"alg": NAMES[name]})  # jwcrypto does not know RFC 9864
    read.deserialize(ours, stock)
    assert jose.thumbprint(key) == stock.thumbprint()
    made = jws.JWS(b'{"sub":"a"}')
    head = canonical.encode({"alg": NAMES[name], "typ": "test+jwt"}).decode()
    made.add_signature(stock, None, head, None)
    check(made.serialize(compact=True), jose.public_part(key))


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("alg", ["ES256", "PS256", "Ed25519", "EdDSA"])
def test_one_key_one_algorithm(name: str, alg: str) -> None:
    """RFC 8725, 3.1: what the header says must be what the key is for, at each use."""
    key = KEYS[name]()
    text = forge(key, {"alg": alg, "typ": "test+jwt"}, {"sub": "a"})
    if alg in {name, NAMES[name]}:
        check(text, jose.public_part(key))
        return
    with pytest.raises(TokenError) as caught:
        check(text, jose.public_part(key))
    assert caught.value.facts["reason"] == "alg"


@pytest.mark.parametrize("alg", ["RS256", "ES384", "HS256", "none", "ed25519", "Ed448", 7, None])
def test_no_other_algorithm_is_read(alg: object) -> None:
    text = reforge(EC, forge(EC, {"typ": "test+jwt"}, {}), header={"alg": alg})
    with pytest.raises(TokenError):
        jose.parse(text, PROFILE)


def test_rs256_by_a_good_rsa_key_is_refused() -> None:
    """FAPI 2.0, 5.4.1; the suite's EnsureSignedClientAssertionWithRS256Fails."""
    private = jwt.PyJWK(rsa_key(), algorithm="RS256").key
    text = jwt.encode({"sub": "a"}, private, "RS256", headers={"typ": "test+jwt"})
    with pytest.raises(TokenError) as caught:
        jose.parse(text, PROFILE)
    assert caught.value.facts["reason"] == "alg"


def test_a_profile_of_ours_takes_our_algorithm_alone() -> None:
    ours = Profile(
        types=PROFILE.types, header=PROFILE.header, required=frozenset(), algorithms=jose.OURS
    )
    with pytest.raises(TokenError):
        jose.parse(jose.sign(ed25519_key(), "test+jwt", {}), ours)
    assert jose.parse(jose.sign(EC, "test+jwt", {}), ours).claims == {}


def test_words_that_mean_nothing_are_ignored() -> None:
    """RFC 7515, 4; the suite's AddExtraClaimsToHeader."""
    check(forge(EC, {"typ": "test+jwt", "tx_id": 7}, {}), jose.public_part(EC))


PUBLIC = {name: jose.public_part(make()) for name, make in KEYS.items()}
LITTLE = [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18, 2**255 - 1]
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "RSA of 1024 bits": ("PS256", {"n": "n1024"}),
    "RSA with a small exponent": ("PS256", {"e": "Aw"}),
    "RSA with a zero in front": ("PS256", {"n": "padded"}),
    "RSA without a modulus": ("PS256", {"n": None}),
    "RSA for RS256": ("PS256", {"alg": "RS256"}),
    "RSA with an unknown member": ("PS256", {"x5c": ["x"]}),
    "RSA with a factor": ("PS256", {"p": "AAAA"}),
    "Ed448": ("Ed25519", {"crv": "Ed448"}),
    "X25519": ("Ed25519", {"crv": "X25519"}),
    "Ed25519 too short": ("Ed25519", {"x": "AAAA"}),
    "Ed25519 as a list": ("Ed25519", {"x": ["AAAA"]}),
    "Ed25519 for ES256": ("Ed25519", {"alg": "ES256"}),
    "EC for encryption": ("ES256", {"use": "enc"}),
    "no kind": ("ES256", {"kty": None}),
    "kind is a number": ("ES256", {"kty": 7}),
    "symmetric": ("ES256", {"kty": "oct"}),
}


@pytest.mark.parametrize("name", BAD)
def test_another_key_is_none(name: str) -> None:
    kind, changes = BAD[name]
    members = {**PUBLIC[kind], **changes}
    if members.get("n") == "n1024":
        members["n"] = rsa_key(1024)["n"]
    if members.get("n") == "padded":
        members["n"] = canonical.b64u(b"\0" + canonical.unb64u(str(PUBLIC["PS256"]["n"])))
    given = {each: value for each, value in members.items() if value is not None}
    with pytest.raises(TokenError) as caught:
        jose.public_key(given)
    assert caught.value.facts["reason"] == "key"


@pytest.mark.parametrize("y", LITTLE)
@pytest.mark.parametrize("sign", [0, 2**255], ids=["even", "odd"])
def test_a_point_of_small_order_is_no_key(y: int, sign: int) -> None:
    """By such a key a "signature" holds for anything."""
    x = canonical.b64u((y | sign).to_bytes(32, "little"))
    with pytest.raises(TokenError):
        jose.public_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def test_the_points_of_order_eight_are_known() -> None:
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime
    for y in jwk._FEW - {0, 1, prime - 1}:
        x_squared = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
        assert (y * y + x_squared) % prime == 0, "doubled twice it is the neutral point"


def test_both_names_of_one_algorithm_are_one() -> None:
    for name in ("Ed25519", "EdDSA"):
        jose.public_key({**PUBLIC["Ed25519"], "alg": name})
