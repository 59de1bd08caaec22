"""Who asks, and who may: kinds of token that cannot pass for each other.

| kind | typ | signed by | says |
|---|---|---|---|
| client assertion | client-authentication+jwt, JWT or none | the client | who asks for a token |
| access token | at+jwt | the gateway | who may do what, bound to which proof key |

The DPoP proof stands in `dpop`, the assertion of one service to another in `internal`. See
spec/tokens.md. Single use (`jti`) and revocation need a store and are the gateway's part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.protocol import canonical, digests, jose
from shared.protocol.jose import Claims, Jwk, Profile, TokenError

__all__ = ["TokenError", "new_jti"]

MAX_ASSERTION_LIFE = 330  # seconds
MAX_FOREIGN_LIFE = 3600  # seconds
TOKEN_LIFE = timedelta(seconds=300)

_X5T = "x5t#S256"
_CLIENT_TYPE, _ACCESS_TYPE = "client-authentication+jwt", "at+jwt"
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
    algorithms=jose.OURS,
)

_FOREIGN = Profile(
    types=frozenset({_ACCESS_TYPE}),
    header=frozenset({"alg", "typ", "kid"}),
    required=frozenset({"iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti", "cnf"}),
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
    """What an access token grants, to whom, and to which keys it is bound (RFC 9068).

    `kid` names the key that signed it, once it was verified.
    """

    issuer: str
    client_id: str
    country: str
    role: str
    scopes: tuple[str, ...]
    jkt: str
    issued: int
    expires: int
    jti: str
    x5t: str | None = None  # of the client's certificate, where there is one
    kid: str = ""


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
        "cnf": {"jkt": token.jkt, **({_X5T: token.x5t} if token.x5t else {})},
        "iat": token.issued,
        "exp": token.expires,
        "jti": token.jti,
    }
    return jose.sign(key, _ACCESS_TYPE, claims, kid=jose.thumbprint(key))


def certificate_thumbprint(certificate: bytes | None) -> str | None:
    """Name a certificate (DER) as in `x5t#S256` (RFC 8705, 3.1); None stays None."""
    return None if certificate is None else canonical.b64u(digests.sha256(certificate))


def verify_access_token(
    text: str, keys: Sequence[Jwk], *, issuer: str, now: datetime
) -> AccessToken:
    """Check an access token (RFC 9068, 4) but for revocation and its bindings.

    Raises:
        TokenError: the token does not hold.
    """
    token = jose.parse(text, _ACCESS)
    key = jose.by_kid(keys, token)
    jose.check_signature(token, key)
    claims = token.claims
    jose.check_audience(claims, api_audience(issuer))
    if claims["iss"] != issuer or claims["sub"] != claims["client_id"]:
        raise TokenError("The token is of another issuer or names two clients.", reason="iss")
    expires = jose.check_times(claims, now)
    jkt, x5t = confirmation(claims)
    return AccessToken(
        issuer=issuer,
        client_id=jose.string(claims, "sub"),
        country=jose.string(claims, "cc"),
        role=jose.string(claims, "role"),
        scopes=tuple(jose.string(claims, "scope").split()),
        jkt=jkt,
        issued=jose.integer(claims, "iat"),
        expires=expires,
        jti=jose.jti(claims),
        x5t=x5t,
        kid=jose.thumbprint(key),
    )


def claimed_issuer(text: str) -> str:
    """Read who an access token claims to come from; nothing is proven by it.

    Raises:
        TokenError: it is not a well-formed access token.
    """
    return jose.string(jose.parse(text, _FOREIGN).claims, "iss")


def verify_external_token(
    text: str, keys: Mapping[str, Jwk], *, issuer: str, audience: str, now: datetime
) -> AccessToken:
    """Check an access token of another authorization server (RFC 9068, 4), as far as it alone can tell.

    Whose it is must be looked up: `country` and `role` are empty.

    Args:
        text: the compact JWS.
        keys: the server's pinned keys by their `kid`.
        issuer: the server.
        audience: the only one accepted, as a text or as a list of it alone.
        now: the time.

    Raises:
        TokenError: the token does not hold, is bound to no proof key, or lives longer than an hour.
    """
    token = jose.parse(text, _FOREIGN)
    claims, kid = token.claims, jose.string(token.header, "kid")
    if kid not in keys:
        raise TokenError("The token names no key that is known here.", reason="kid")
    jose.check_signature(token, keys[kid])
    if claims["iss"] != issuer:
        raise TokenError("The token is of another issuer.", reason="iss")
    if claims["aud"] not in (audience, [audience]):
        raise TokenError("The token is meant for someone else.", reason="aud")
    expires, issued = jose.check_times(claims, now), jose.integer(claims, "iat")
    if expires > issued + MAX_FOREIGN_LIFE:
        raise TokenError("The token lives too long.", reason="exp")
    jkt, x5t = confirmation(claims)
    return AccessToken(
        issuer=issuer,
        client_id=jose.string(claims, "client_id"),
        country="",
        role="",
        scopes=tuple(jose.string(claims, "scope").split()),
        jkt=jkt,
        issued=issued,
        expires=expires,
        jti=jose.jti(claims),
        x5t=x5t,
        kid=kid,
    )


def confirmation(claims: Claims) -> tuple[str, str | None]:
    """Read to which proof key, and to which certificate if any, a token is bound (RFC 7800).

    Raises:
        TokenError: it is bound to no proof key.
    """
    bound = claims["cnf"]
    if not isinstance(bound, dict):
        raise TokenError("The token is bound to no key.", reason="cnf")
    return jose.string(bound, "jkt"), jose.string(bound, _X5T) if _X5T in bound else None
