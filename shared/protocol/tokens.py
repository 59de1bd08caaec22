"""Who asks, who may, and on whose behalf: three kinds of token that cannot pass for each other.

| kind | typ | signed by | says |
|---|---|---|---|
| client assertion | client-authentication+jwt, JWT or none | the client | who asks for a token |
| access token | at+jwt | the gateway | who may do what, bound to which proof key |
| internal assertion | rogatory-internal+jwt | a service | on whose behalf it calls another |

The fourth kind, the DPoP proof, stands in `dpop`. See spec/tokens.md. Single use (`jti`) and
revocation need a store and are the gateway's part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.protocol import jose
from shared.protocol.jose import Claims, Jwk, Profile, TokenError

__all__ = ["TokenError", "new_jti"]

MAX_ASSERTION_LIFE = 330  # seconds
TOKEN_LIFE = timedelta(seconds=300)
MAX_INTERNAL_LIFE = 30  # seconds

_CLIENT_TYPE, _ACCESS_TYPE, _INTERNAL_TYPE = (
    "client-authentication+jwt",
    "at+jwt",
    "rogatory-internal+jwt",
)
_ASSERTION = Profile(
    types=frozenset({None, "jwt", _CLIENT_TYPE}),
    header=frozenset({"alg", "typ", "kid"}),
    required=frozenset({"iss", "sub", "aud", "exp", "jti"}),
)
_ACCESS = Profile(
    types=frozenset({_ACCESS_TYPE}),
    header=frozenset({"alg", "typ", "kid"}),
    required=frozenset(
        {"iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti", "cnf", "cc", "role"}
    ),
)
_INTERNAL = Profile(
    types=frozenset({_INTERNAL_TYPE}),
    header=frozenset({"alg", "typ"}),
    required=frozenset({"iss", "aud", "htm", "path", "iat", "exp", "jti"}),
)

new_jti = jose.new_jti


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAssertion:
    """A client has proven who it is; `jti` must still be unused until `expires`."""

    client_id: str
    jti: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What an access token grants, to whom, and to which proof key it is bound (RFC 9068)."""

    issuer: str
    client_id: str
    country: str
    role: str
    scopes: tuple[str, ...]
    jkt: str
    issued: int
    expires: int
    jti: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalClaims:
    """One service calls another for one method and path.

    `client_id`, `country` and `scope` (blank-separated) are those of the client on whose behalf it
    calls, absent when it calls for itself. `officer` is asserted by the national system, `purpose`
    by an overseer.
    """

    issuer: str
    client_id: str | None
    country: str | None
    scope: str
    officer: str | None
    purpose: str | None


def claimed_client(text: str) -> str:
    """Read whom a client assertion claims to come from; nothing is proven by it.

    Raises:
        TokenError: it is not a well-formed client assertion.
    """
    return jose.string(jose.parse(text, _ASSERTION).claims, "sub")


def sign_assertion(key: Jwk, *, client_id: str, issuer: str, now: datetime) -> str:
    """Make the assertion of 60 seconds by which a client asks `issuer` for a token."""
    at = int(now.timestamp())
    claims: Claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": new_jti(),
        "iat": at,
        "exp": at + 60,
    }
    return jose.sign(key, _CLIENT_TYPE, claims, kid=jose.thumbprint(key))


def verify_assertion(
    text: str, keys: Sequence[Jwk], *, client_id: str, issuer: str, now: datetime
) -> ClientAssertion:
    """Check a client assertion (RFC 7523, 3, with the audience rule of rfc7523bis).

    Args:
        text: the compact JWS.
        keys: the public keys registered for this client, in force now.
        client_id: the client that the keys belong to.
        issuer: this authorization server; the only audience accepted, as a plain text.
        now: the time.

    Raises:
        TokenError: the assertion does not hold.
    """
    token = jose.parse(text, _ASSERTION)
    jose.check_signature(token, jose.by_kid(keys, token))
    claims = token.claims
    if claims["iss"] != client_id or claims["sub"] != client_id:
        raise TokenError("The assertion names another client.", reason="sub")
    jose.check_audience(claims, issuer)
    expires = jose.check_times(claims, now)
    if expires > now.timestamp() + MAX_ASSERTION_LIFE:
        raise TokenError("The assertion lives too long.", reason="exp")
    return ClientAssertion(client_id=client_id, jti=jose.jti(claims), expires=expires)


def api_audience(issuer: str) -> str:
    """Name the API that an issuer's tokens are for."""
    return issuer + "/api"


def sign_access_token(key: Jwk, token: AccessToken) -> str:
    """Sign an access token with the gateway's token key."""
    claims: Claims = {
        "iss": token.issuer,
        "aud": api_audience(token.issuer),
        "sub": token.client_id,
        "client_id": token.client_id,
        "cc": token.country,
        "role": token.role,
        "scope": " ".join(token.scopes),
        "cnf": {"jkt": token.jkt},
        "iat": token.issued,
        "exp": token.expires,
        "jti": token.jti,
    }
    return jose.sign(key, _ACCESS_TYPE, claims, kid=jose.thumbprint(key))


def verify_access_token(
    text: str, keys: Sequence[Jwk], *, issuer: str, now: datetime
) -> AccessToken:
    """Check an access token (RFC 9068, 4) but for revocation and its binding to the proof.

    Raises:
        TokenError: the token does not hold.
    """
    token = jose.parse(text, _ACCESS)
    jose.check_signature(token, jose.by_kid(keys, token))
    claims = token.claims
    jose.check_audience(claims, api_audience(issuer))
    if claims["iss"] != issuer or claims["sub"] != claims["client_id"]:
        raise TokenError("The token is of another issuer or names two clients.", reason="iss")
    expires = jose.check_times(claims, now)
    confirmation = claims["cnf"]
    if not isinstance(confirmation, dict):
        raise TokenError("The token is bound to no key.", reason="cnf")
    return AccessToken(
        issuer=issuer,
        client_id=jose.string(claims, "sub"),
        country=jose.string(claims, "cc"),
        role=jose.string(claims, "role"),
        scopes=tuple(jose.string(claims, "scope").split()),
        jkt=jose.string(confirmation, "jkt"),
        issued=jose.integer(claims, "iat"),
        expires=expires,
        jti=jose.jti(claims),
    )


def mint_internal(key: Jwk, claims: Mapping[str, jose.Json]) -> str:
    """Sign an internal assertion; `claims` are those of the profile in spec/tokens.md, 6."""
    return jose.sign(key, _INTERNAL_TYPE, claims)


def verify_internal(
    text: str, keys: Mapping[str, Jwk], *, audience: str, method: str, path: str, now: datetime
) -> InternalClaims:
    """Check an internal assertion: from a known service, for me, for this very call, fresh.

    Args:
        text: the compact JWS of the header `Txn-Token`.
        keys: the public key of each service, by its name.
        audience: the name of the service that was called.
        method: the call's method.
        path: the call's path as it came, without its query.
        now: the time.

    Raises:
        TokenError: the assertion does not hold.
    """
    token = jose.parse(text, _INTERNAL)
    claims = token.claims
    issuer = jose.string(claims, "iss")
    if issuer not in keys:
        raise TokenError("No such service may call.", reason="iss")
    jose.check_signature(token, keys[issuer])
    jose.check_audience(claims, audience)
    if claims["htm"] != method or claims["path"] != path:
        raise TokenError("The assertion is for another call.", reason="path")
    if jose.check_times(claims, now) > jose.integer(claims, "iat") + MAX_INTERNAL_LIFE:
        raise TokenError("The assertion lives too long.", reason="exp")
    jose.jti(claims)
    return InternalClaims(
        issuer=issuer,
        client_id=_optional(claims, "sub"),
        country=_optional(claims, "cc"),
        scope=_optional(claims, "scope") or "",
        officer=_optional(claims, "officer"),
        purpose=_optional(claims, "purpose"),
    )


def _optional(claims: Claims, name: str) -> str | None:
    return jose.string(claims, name) if name in claims else None
