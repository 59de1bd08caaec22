"""The strict door every JSON Web Token passes: one form, one algorithm, nothing optional.

PyJWT is used for the signature alone (`PyJWS`). Everything it lets through is refused here first:
padding, duplicate members, `crit`, `jku`, `x5u`, foreign keys, other algorithms. See
spec/tokens.md, RFC 7515 and RFC 8725.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from shared.protocol import canonical
from shared.protocol.errors import FormatError, ProofError

Json = canonical.Json
Jwk = Mapping[str, Json]
Claims = dict[str, Json]

ALGORITHM = "ES256"
MAX_TOKEN = 8192  # characters; spec/tokens.md, 2
FUTURE_SKEW = 30  # seconds a clock may run ahead; FAPI 2.0, 5.3.2.1-13: at least 10, under 60
EXPIRY_SKEW = 10  # seconds
MIN_JTI, MAX_JTI = 16, 256  # characters

_COMPACT = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}")  # RFC 7515, 7.1
_MAX_CLAIM = 2048  # characters
_COORDINATE_SIZE = 32  # bytes; RFC 7518, 6.2.1.2, for P-256
_JWK_MEMBERS = {"kty", "crv", "x", "y", "kid", "use", "alg", "nbf", "exp"}
_JWS = jwt.PyJWS(algorithms=[ALGORITHM])


class TokenError(ProofError):
    """A token is refused. `facts["reason"]` is a short stable word for the record."""

    code = "bad_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one kind of token looks like, so that no kind passes for another (RFC 8725, 3.12)."""

    types: frozenset[str | None]
    header: frozenset[str]
    required: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A token that is well formed; nothing it says is proven yet."""

    header: Claims
    claims: Claims
    text: str


def parse(text: str, profile: Profile) -> Unverified:
    """Read a compact JWS strictly, without believing it.

    Raises:
        TokenError: it is not exactly of this profile.
    """
    if len(text) > MAX_TOKEN or not _COMPACT.fullmatch(text):
        raise TokenError("This is not a compact JWS.", reason="form")
    try:
        header, claims, _ = (canonical.unb64u(part) for part in text.split("."))
        token = Unverified(header=_object(header), claims=_object(claims), text=text)
    except FormatError as error:
        raise TokenError(f"The token cannot be read: {error.detail}", reason="form") from error
    _check_header(token.header, profile)
    _check_claims(token.claims, profile)
    return token


def check_signature(token: Unverified, key: Jwk) -> None:
    """Check the token's one signature by this public key.

    Raises:
        TokenError: the key is not usable, or it did not sign these bytes.
    """
    try:
        _JWS.decode_complete(token.text, public_key(key), algorithms=[ALGORITHM])
    except jwt.PyJWTError as error:
        raise TokenError("The token's signature does not hold.", reason="signature") from error


def sign(key: Jwk, typ: str, claims: Mapping[str, Json], **header: canonical.Json) -> str:
    """Sign claims as a compact JWS with a private ES256 key."""
    payload = canonical.encode(dict(claims))
    return _JWS.encode(payload, _private_key(key), ALGORITHM, headers={"typ": typ, **header})


def generate() -> dict[str, canonical.Json]:
    """Draw a new private ES256 key as a JWK; its `kid` is its thumbprint."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    jwk: dict[str, canonical.Json] = {
        "kty": "EC",
        "crv": "P-256",
        "x": _coordinate(public.x),
        "y": _coordinate(public.y),
    }
    return {**jwk, "kid": thumbprint(jwk), "d": _coordinate(numbers.private_value)}


def public_part(key: Jwk) -> dict[str, canonical.Json]:
    """Leave out the private member of a JWK."""
    return {name: value for name, value in key.items() if name != "d"}


def thumbprint(key: Jwk) -> str:
    """Name a P-256 key by its RFC 7638 thumbprint (SHA-256, base64url).

    Raises:
        TokenError: this is not a P-256 key.
    """
    members = _members(key)
    return canonical.b64u(hashlib.sha256(canonical.encode(dict(members))).digest())


def public_key(key: Jwk) -> ec.EllipticCurvePublicKey:
    """Read a public ES256 JWK.

    Raises:
        TokenError: another kind of key, a private one, an unknown member, or not on the curve.
    """
    if not set(key) <= _JWK_MEMBERS:
        raise TokenError("The key holds a member it may not hold.", reason="key")
    if key.get("use", "sig") != "sig" or key.get("alg", ALGORITHM) != ALGORITHM:
        raise TokenError("The key is not for ES256 signatures.", reason="key")
    members = _members(key)
    return _point(members["x"], members["y"])


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
    if set(header) - {"typ"} != profile.header - {"typ"}:
        raise TokenError("The token's header is not the one of its profile.", reason="header")
    typ = header.get("typ")
    if typ is not None and not isinstance(typ, str):
        raise TokenError("The token's typ is not a text.", reason="typ")
    # RFC 7515, 4.1.9: compared without case, and "application/" may be left out.
    if (typ.lower().removeprefix("application/") if typ is not None else None) not in profile.types:
        raise TokenError("The token is of another kind (typ).", reason="typ")
    if header["alg"] != ALGORITHM:
        raise TokenError(f"Only {ALGORITHM} is accepted.", reason="alg")


def _check_claims(claims: Claims, profile: Profile) -> None:
    missing = sorted(profile.required - set(claims))
    if missing:
        raise TokenError(f"The token lacks the claim {missing[0]}.", reason=missing[0])


def _object(data: bytes) -> Claims:
    value = canonical.read(data, max_size=MAX_TOKEN)
    if not isinstance(value, dict):
        raise FormatError("not a JSON object")
    return value


def _members(key: Jwk) -> dict[str, str]:
    """Pick the required members (RFC 7638, 3.2)."""
    if key.get("kty") != "EC" or key.get("crv") != "P-256":
        raise TokenError("Only keys on P-256 are accepted.", reason="key")
    x, y = key.get("x"), key.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise TokenError("The key lacks a coordinate.", reason="key")
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


@lru_cache(maxsize=1024)
def _point(x: str, y: str) -> ec.EllipticCurvePublicKey:
    """Decode a point; cached, because the same few keys come with every request."""
    try:
        return ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1()).public_key()
    except (FormatError, ValueError) as error:
        raise TokenError("The key is not a point on P-256.", reason="key") from error


@lru_cache(maxsize=32)
def _scalar(d: str, x: str, y: str) -> ec.EllipticCurvePrivateKey:
    public = ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1())
    return ec.EllipticCurvePrivateNumbers(_number(d), public).private_key()


def _private_key(key: Jwk) -> ec.EllipticCurvePrivateKey:
    members, d = _members(key), key.get("d")
    if not isinstance(d, str):
        raise TokenError("This is not a private key.", reason="key")
    return _scalar(d, members["x"], members["y"])


def _number(text: str) -> int:
    data = canonical.unb64u(text)
    if len(data) != _COORDINATE_SIZE:
        raise FormatError("a P-256 number has 32 bytes")
    return int.from_bytes(data, "big")


def _coordinate(value: int) -> str:
    return canonical.b64u(value.to_bytes(_COORDINATE_SIZE, "big"))
