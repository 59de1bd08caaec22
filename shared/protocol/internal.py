"""The fourth kind of token: one service of a node calls another, for one call (spec/tokens.md, 3.4).

It is bound to method, path, query and body, so that it is good for no other call; who takes it also
sees to it that a call that changes something is made once (`jti`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.protocol import canonical, jose
from shared.protocol.errors import FormatError
from shared.protocol.jose import Claims, Jwk, Profile, TokenError

MAX_LIFE = 30  # seconds

_TYPE = "rogatory-internal+jwt"
_PROFILE = Profile(
    types=frozenset({_TYPE}),
    header=frozenset({"alg", "typ"}),
    required=frozenset({"iss", "aud", "htm", "path", "iat", "exp", "jti"}),
    algorithms=jose.OURS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """One service calls another for one method, path, query and body.

    `client_id`, `country` and `scope` (blank-separated) are those of the client on whose behalf it
    calls, absent when it calls for itself. `officer` is asserted by the national system, `purpose`
    by an overseer. `body` is the SHA-256 that the body must have; None: there is none.
    """

    issuer: str
    jti: str
    issued: int  # Unix seconds
    expires: int
    body: bytes | None
    client_id: str | None
    country: str | None
    scope: str
    officer: str | None
    purpose: str | None


def bound(method: str, target: str, body: bytes | None) -> Claims:
    """Return the claims that bind an assertion to one call.

    Args:
        method: as sent.
        target: the path and, after `?`, the query, as sent.
        body: the SHA-256 of the body (32 bytes); None if there is none.
    """
    path, _, query = target.partition("?")
    claims: Claims = {"htm": method, "path": path}
    if query:
        claims["query"] = _hash(query)
    if body is not None:
        claims["body"] = canonical.b64u(body)
    return claims


def sign(key: Jwk, claims: Mapping[str, canonical.Json]) -> str:
    """Sign an internal assertion; `claims` are those of the profile, `bound` among them."""
    return jose.sign(key, _TYPE, claims)


def verify(
    text: str,
    keys: Mapping[str, Sequence[Jwk]],
    *,
    audience: str,
    method: str,
    target: str,
    now: datetime,
) -> Internal:
    """Check an internal assertion: from a known service, for me, for this very call, fresh.

    The body has not come yet: who reads it holds it against `body`.

    Args:
        text: the compact JWS of the header `Txn-Token`.
        keys: the public keys of each service that count now, by its name.
        audience: the name of the service that was called.
        method: the call's method.
        target: the call's path as it came and, after `?`, its query.
        now: the time.

    Raises:
        TokenError: the assertion does not hold.
    """
    token = jose.parse(text, _PROFILE)
    claims = token.claims
    issuer = jose.string(claims, "iss")
    _check_signature(token, keys.get(issuer, ()))
    jose.check_audience(claims, audience)
    _check_call(claims, method, target)
    issued, expires = jose.integer(claims, "iat"), jose.check_times(claims, now)
    if expires > issued + MAX_LIFE:
        raise TokenError("The assertion lives too long.", reason="exp")
    return Internal(
        issuer=issuer,
        jti=jose.jti(claims),
        issued=issued,
        expires=expires,
        body=_digest(claims),
        client_id=_optional(claims, "sub"),
        country=_optional(claims, "cc"),
        scope=_optional(claims, "scope") or "",
        officer=_optional(claims, "officer"),
        purpose=_optional(claims, "purpose"),
    )


def _check_signature(token: jose.Unverified, keys: Sequence[Jwk]) -> None:
    """Check that one of the keys signed: there are two for a minute after one was changed."""
    if not keys:
        raise TokenError("No such service may call.", reason="iss")
    *others, last = keys
    for key in others:
        try:
            jose.check_signature(token, key)
        except TokenError:
            continue
        return
    jose.check_signature(token, last)


def _check_call(claims: Claims, method: str, target: str) -> None:
    path, _, query = target.partition("?")
    if claims["htm"] != method or claims["path"] != path:
        raise TokenError("The assertion is for another call.", reason="path")
    if claims.get("query") != (_hash(query) if query else None):
        raise TokenError("The assertion is for another query.", reason="query")


def _hash(query: str) -> str:
    return canonical.b64u(hashlib.sha256(query.encode()).digest())


def _digest(claims: Claims) -> bytes | None:
    if "body" not in claims:
        return None
    try:
        digest = canonical.unb64u(jose.string(claims, "body"))
    except FormatError as error:
        raise TokenError("The digest of the body cannot be read.", reason="body") from error
    if len(digest) != hashlib.sha256().digest_size:
        raise TokenError("The digest of the body is none.", reason="body")
    return digest


def _optional(claims: Claims, name: str) -> str | None:
    return jose.string(claims, name) if name in claims else None
