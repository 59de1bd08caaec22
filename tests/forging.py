"""Make tokens that no honest client would make."""

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from shared.protocol import canonical, jose

JWS = jwt.PyJWS()


def private_key(key: jose.Jwk) -> ec.EllipticCurvePrivateKey:
    loaded = jwt.PyJWK(dict(key), algorithm="ES256").key
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def forge(key: jose.Jwk, header: Mapping[str, Any], claims: Mapping[str, Any] | bytes) -> str:
    """Sign with ES256 whatever the header says; None takes a member out."""
    payload = claims if isinstance(claims, bytes) else canonical.encode(_without_none(claims))
    head = canonical.encode(_without_none({"alg": "ES256", **header}))
    signed = f"{canonical.b64u(head)}.{canonical.b64u(payload)}"
    signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
        signed.encode(), private_key(key)
    )
    return f"{signed}.{canonical.b64u(signature)}"


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


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
