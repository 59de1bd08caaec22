"""DPoP proofs (RFC 9449): this request is made by the holder of that key.

Age, nonce and single use need a store and stand with the gateway; see spec/tokens.md, 3.2.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from shared.protocol import canonical, jose, jwk
from shared.protocol.jose import Claims, Jwk, Profile, TokenError

_TYPE = "dpop+jwt"
_PROFILE = Profile(
    types=frozenset({_TYPE}),
    header=frozenset({"alg", "typ", "jwk"}),
    required=frozenset({"jti", "htm", "htu", "iat"}),
)
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A request was made by the holder of the key `jkt`; `jti` must still be unused with it."""

    jkt: str
    jti: str
    issued: int
    nonce: str | None


def sign_proof(
    key: Jwk,
    *,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None = None,
    nonce: str | None = None,
) -> str:
    """Prove that a request is made by the holder of `key` (RFC 9449, 4.2)."""
    claims: Claims = {
        "jti": jose.new_jti(),
        "htm": method,
        "htu": url,
        "iat": int(now.timestamp()),
    }
    if access_token is not None:
        claims["ath"] = _token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    public: canonical.Json = dict(jwk.members(key))
    return jose.sign(key, _TYPE, claims, jwk=public)


def verify_proof(
    text: str, *, method: str, url: str, now: datetime, access_token: str | None = None
) -> Proof:
    """Check a DPoP proof (RFC 9449, 4.3) but for its age, nonce and single use.

    Args:
        text: the compact JWS.
        method: the request's method.
        url: the request's URL as this server is configured, never as the caller named it.
        now: the time; a proof from the future is refused, an old one needs a nonce.
        access_token: the token that came with it; None at the token endpoint.

    Raises:
        TokenError: the proof does not hold.
    """
    token = jose.parse(text, _PROFILE)
    key = token.header["jwk"]
    if not isinstance(key, dict):
        raise TokenError("The proof's jwk is not a key.", reason="key")
    jose.check_signature(token, key)
    claims = token.claims
    if claims["htm"] != method:
        raise TokenError("The proof is for another method.", reason="htm")
    if _normal(jose.string(claims, "htu")) != _normal(url):
        raise TokenError("The proof is for another address.", reason="htu")
    issued = jose.integer(claims, "iat")
    if issued > now.timestamp() + jose.FUTURE_SKEW:
        raise TokenError("The proof comes from the future.", reason="iat")
    if access_token is not None and claims.get("ath") != _token_hash(access_token):
        raise TokenError("The proof is for another token.", reason="ath")
    nonce = jose.string(claims, "nonce") if "nonce" in claims else None
    return Proof(jkt=jose.thumbprint(key), jti=jose.jti(claims), issued=issued, nonce=nonce)


def _token_hash(access_token: str) -> str:
    return canonical.b64u(hashlib.sha256(access_token.encode()).digest())


def _normal(text: str) -> tuple[str, str, int | None, str]:
    """Write an address without query, fragment and default port, the host in lower case."""
    # urlsplit drops controls without a word.
    if not text.isascii() or not text.isprintable() or " " in text:
        raise TokenError("The proof's htu is no address.", reason="htu")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise TokenError("The proof's htu is no address.", reason="htu") from error
    if parts.hostname is None or parts.username is not None:
        raise TokenError("The proof's htu is no plain address.", reason="htu")
    if port is None:
        port = _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path
