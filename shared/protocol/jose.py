"""The strict door every JSON Web Token passes: one form, one algorithm a key, nothing optional.

PyJWT is used for the signature alone (`jwk`). Everything it lets through is refused here first:
padding, duplicate members, `crit`, `jku`, `x5u`, foreign keys, other algorithms. See
spec/tokens.md, RFC 7515 and RFC 8725.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.protocol import canonical, jwk
from shared.protocol.errors import FormatError
from shared.protocol.jwk import (
    ALGORITHMS,
    MINTED,
    Jwk,
    TokenError,
    generate,
    public_key,
    public_part,
    thumbprint,
)

__all__ = [
    "ALGORITHMS",
    "MINTED",
    "Jwk",
    "TokenError",
    "generate",
    "public_key",
    "public_part",
    "thumbprint",
]

Json = canonical.Json
Claims = dict[str, Json]

MAX_TOKEN = 8192  # characters; spec/tokens.md, 2
FUTURE_SKEW = 30  # seconds a clock may run ahead; FAPI 2.0, 5.3.2.1-13: at least 10, under 60
EXPIRY_SKEW = 10  # seconds
MIN_JTI, MAX_JTI = 16, 256  # characters
OURS = frozenset({MINTED})

_COMPACT = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}")  # RFC 7515, 7.1
_MAX_CLAIM = 2048  # characters
# Members of a header that mean something somewhere (IANA, JOSE header parameters). One that its profile
# does not have is refused; any other name means nothing and is ignored (RFC 7515, 4).
_MEANT = frozenset(
    {
        "alg",
        "jku",
        "jwk",
        "kid",
        "x5u",
        "x5c",
        "x5t",
        "x5t#S256",
        "cty",
        "crit",
        "enc",
        "zip",
        "epk",
    }
    | {"apu", "apv", "iv", "tag", "p2s", "p2c", "iss", "sub", "aud", "b64", "ppt", "url", "nonce"}
    | {"svt", "iheSSId", "trust_chain", "peer_trust_chain"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one kind of token looks like, so that no kind passes for another (RFC 8725, 3.12)."""

    types: frozenset[str | None]
    header: frozenset[str]
    required: frozenset[str]
    algorithms: frozenset[str] = frozenset(ALGORITHMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A token that is well formed; nothing it says is proven yet."""

    header: Claims
    claims: Claims
    signed: bytes
    signature: bytes


def parse(text: str, profile: Profile) -> Unverified:
    """Read a compact JWS strictly, without believing it.

    Raises:
        TokenError: it is not exactly of this profile.
    """
    if len(text) > MAX_TOKEN or not _COMPACT.fullmatch(text):
        raise TokenError("This is not a compact JWS.", reason="form")
    try:
        signed, _, signature = text.rpartition(".")
        header, claims = (canonical.unb64u(part) for part in signed.split("."))
        token = Unverified(
            header=_object(header),
            claims=_object(claims),
            signed=signed.encode(),
            signature=canonical.unb64u(signature),
        )
    except FormatError as error:
        raise TokenError(f"The token cannot be read: {error.detail}", reason="form") from error
    _check_header(token.header, profile)
    _check_claims(token.claims, profile)
    return token


def check_signature(token: Unverified, key: Jwk) -> None:
    """Check the token's one signature by this public key.

    Raises:
        TokenError: the key is not usable, of another algorithm, or did not sign these bytes.
    """
    jwk.verify(key, token.header["alg"], token.signed, token.signature)


def sign(key: Jwk, typ: str, claims: Mapping[str, Json], **header: Json) -> str:
    """Sign claims as a compact JWS with a private key, by its algorithm."""
    alg = jwk.kind_of(key).names[0]
    parts = ({"alg": alg, "typ": typ, **header}, dict(claims))
    signed = ".".join(canonical.b64u(canonical.encode(part)) for part in parts)
    return f"{signed}.{canonical.b64u(jwk.sign(key, signed.encode()))}"


def integer(claims: Claims, name: str) -> int:
    """Read a claim that must be a time in whole seconds since 1970."""
    value = claims.get(name)
    if type(value) is not int or value <= 0:
        raise TokenError(f"The claim {name} is not a time in whole seconds.", reason=name)
    return value


def string(claims: Claims, name: str) -> str:
    """Read a claim that must be a text of 1 to 2048 characters."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CLAIM:
        raise TokenError(f"The claim {name} is not a text of sensible length.", reason=name)
    return value


def check_audience(claims: Claims, expected: str) -> None:
    """Check that the token is meant for `expected` alone, named as a plain text.

    A list is refused, even of one (rfc7523bis, 3; CVE-2025-27370).
    """
    if claims["aud"] != expected:
        raise TokenError("The token is meant for someone else.", reason="aud")


def check_times(claims: Claims, now: datetime) -> int:
    """Check `exp`, and `iat` and `nbf` where given; return `exp`."""
    at = now.timestamp()
    expires = integer(claims, "exp")
    if expires <= at - EXPIRY_SKEW:
        raise TokenError("The token has expired.", reason="exp")
    for name in ("iat", "nbf"):
        if name in claims and integer(claims, name) > at + FUTURE_SKEW:
            raise TokenError("The token comes from the future.", reason=name)
    return expires


def jti(claims: Claims) -> str:
    """Read the identifier by which a token is used once (16 to 256 characters)."""
    value = string(claims, "jti")
    if not MIN_JTI <= len(value) <= MAX_JTI:
        raise TokenError("The jti has no sensible length.", reason="jti")
    return value


def new_jti() -> str:
    """Draw a fresh `jti` of 128 bits."""
    return secrets.token_urlsafe(16)


def by_kid(keys: Sequence[Jwk], token: Unverified) -> Jwk:
    """Pick the key that the token's header names by thumbprint.

    Raises:
        TokenError: it names none of these.
    """
    for key in keys:
        if thumbprint(key) == token.header["kid"]:
            return key
    raise TokenError("The token names no key that is known here.", reason="kid")


def _check_header(header: Claims, profile: Profile) -> None:
    if header.keys() & _MEANT != profile.header - {"typ"}:
        raise TokenError("The token's header is not the one of its profile.", reason="header")
    typ = header.get("typ")
    if typ is not None and not isinstance(typ, str):
        raise TokenError("The token's typ is not a text.", reason="typ")
    # RFC 7515, 4.1.9: compared without case, and "application/" may be left out.
    if (typ.lower().removeprefix("application/") if typ is not None else None) not in profile.types:
        raise TokenError("The token is of another kind (typ).", reason="typ")
    if header["alg"] not in sorted(profile.algorithms):
        raise TokenError("The token's algorithm is not accepted here.", reason="alg")


def _check_claims(claims: Claims, profile: Profile) -> None:
    missing = sorted(profile.required - set(claims))
    if missing:
        raise TokenError(f"The token lacks the claim {missing[0]}.", reason=missing[0])


def _object(data: bytes) -> Claims:
    value = canonical.read(data, max_size=MAX_TOKEN)
    if not isinstance(value, dict):
        raise FormatError("not a JSON object")
    return value
