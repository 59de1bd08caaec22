"""Make tokens that no honest client would make."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from shared.protocol import canonical, jose, jwk


def forge(key: jose.Jwk, header: Mapping[str, Any], claims: Mapping[str, Any] | bytes) -> str:
    """Sign by the key's own algorithm whatever the header says; None takes a member out."""
    payload = claims if isinstance(claims, bytes) else canonical.encode(_without_none(claims))
    alg = jwk.kind_of(key).names[0]
    head = canonical.encode(_without_none({"alg": alg, **header}))
    signed = f"{canonical.b64u(head)}.{canonical.b64u(payload)}"
    return f"{signed}.{canonical.b64u(jwk.sign(key, signed.encode()))}"


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take a token apart: header and claims."""
    header, claims, _ = token.split(".")
    taken = [canonical.read(canonical.unb64u(part)) for part in (header, claims)]
    assert isinstance(taken[0], dict)
    assert isinstance(taken[1], dict)
    return taken[0], taken[1]


def reforge(
    key: jose.Jwk,
    token: str,
    *,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Sign a token again with some members changed (None takes one out)."""
    old_header, old_claims = parts(token)
    return forge(key, {**old_header, **(header or {})}, {**old_claims, **(claims or {})})


@lru_cache
def rsa_key(bits: int = 2048, exponent: int = 65537) -> dict[str, canonical.Json]:
    """A private RSA key as a JWK; drawn once a size, since that takes long."""
    numbers = rsa.generate_private_key(exponent, bits).private_numbers()
    members = {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return {"kty": "RSA", **{name: _number(value) for name, value in members.items()}}


def ed25519_key() -> dict[str, canonical.Json]:
    """A private Ed25519 key as a JWK."""
    key = ed25519.Ed25519PrivateKey.generate()
    public, seed = key.public_key().public_bytes_raw(), key.private_bytes_raw()
    members = {"x": canonical.b64u(public), "d": canonical.b64u(seed)}
    return {"kty": "OKP", "crv": "Ed25519", **members}


def _number(value: int) -> str:
    return canonical.b64u(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
