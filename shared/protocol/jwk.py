"""Keys that sign tokens: three kinds, each good for exactly one algorithm (RFC 8725, 3.1).

| kind | JWK | algorithm | names in `alg` |
|---|---|---|---|
| EC on P-256 | kty crv x y | ECDSA with SHA-256 | ES256 |
| Ed25519 | kty crv x | EdDSA (RFC 8032) | Ed25519 (RFC 9864), EdDSA |
| RSA of 2048 to 4096 bits, e = 65537 | kty n e | RSASSA-PSS with SHA-256 | PS256 |

What we sign ourselves is ES256. Each number has one spelling, so that each key has one thumbprint
(RFC 7638). See spec/tokens.md, 1.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm

from shared.protocol import canonical
from shared.protocol.errors import FormatError, ProofError

Json = canonical.Json
Jwk = Mapping[str, Json]
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

MINTED = "ES256"  # what we sign ourselves
ALGORITHMS = ("ES256", "PS256", "Ed25519", "EdDSA")  # FAPI 2.0, 5.4.1; RFC 9864

_SIZE = 32  # bytes of a number on P-256 (RFC 7518, 6.2.1.2) and of an Ed25519 key (RFC 8037, 2)
_RSA_BITS = range(2048, 4097)  # FAPI 2.0, 5.4.1; above, a stranger's key would cost us time
_EXPONENT = "AQAB"  # 65537
_PRIME = 2**255 - 19
# y of the points whose multiples are few (RFC 7748, 7): a "signature" by them says nothing.
_FEW = frozenset(
    {0, 1, _PRIME - 1}
    | {
        int.from_bytes(bytes.fromhex(each), "little")
        for each in (
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        )
    }
)
_COMMENTS = frozenset({"kid", "use", "alg", "nbf", "exp"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi"})


class TokenError(ProofError):
    """A token is refused. `facts["reason"]` is a short stable word for the record."""

    code = "bad_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of key: its members, the names of its one algorithm, and how both halves are read."""

    members: tuple[str, ...]  # in RFC 7638's order
    names: tuple[str, ...]  # the first is what we write
    read: Callable[..., PublicKey]
    read_private: Callable[[Mapping[str, str]], PrivateKey]


def _key_error(detail: str) -> TokenError:
    return TokenError(detail, reason="key")


def _octets(text: str) -> bytes:
    data = canonical.unb64u(text)
    if len(data) != _SIZE:
        raise FormatError("a number of such a key has 32 bytes")
    return data


def _number(text: str) -> int:
    return int.from_bytes(_octets(text), "big")


def _modulus(text: str) -> int:
    data = canonical.unb64u(text)
    number = int.from_bytes(data, "big")
    if number.bit_length() not in _RSA_BITS or data[0] == 0:
        raise FormatError("a modulus has 2048 to 4096 bits and no zeros in front")
    return number


@lru_cache(maxsize=1024)
def _point(crv: str, _kty: str, x: str, y: str) -> PublicKey:
    """Decode a point; cached, because the same few keys come with every request."""
    if crv != "P-256":
        raise _key_error("Of the EC keys only those on P-256 are accepted.")
    return ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1()).public_key()


@lru_cache(maxsize=256)
def _edwards(crv: str, _kty: str, x: str) -> PublicKey:
    if crv != "Ed25519":
        raise _key_error("Of the OKP keys only Ed25519 is accepted.")
    data = _octets(x)
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if y >= _PRIME or y in _FEW:
        raise FormatError("not a point that can be a key")
    return ed25519.Ed25519PublicKey.from_public_bytes(data)


@lru_cache(maxsize=256)
def _modular(e: str, _kty: str, n: str) -> PublicKey:
    if e != _EXPONENT:
        raise _key_error("Of the RSA keys only those with the exponent 65537 are accepted.")
    return rsa.RSAPublicNumbers(65537, _modulus(n)).public_key()


def _scalar(key: Mapping[str, str]) -> PrivateKey:
    public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1())
    return ec.EllipticCurvePrivateNumbers(_number(key["d"]), public).private_key()


def _seed(key: Mapping[str, str]) -> PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(_octets(key["d"]))


def _factors(key: Mapping[str, str]) -> PrivateKey:
    p, q, d, dp, dq, qi = (
        int.from_bytes(canonical.unb64u(key[name]), "big")
        for name in ("p", "q", "d", "dp", "dq", "qi")
    )
    public = rsa.RSAPublicNumbers(65537, _modulus(key["n"]))
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()


KINDS: Mapping[str, Kind] = {
    "EC": Kind(
        members=("crv", "kty", "x", "y"), names=("ES256",), read=_point, read_private=_scalar
    ),
    "OKP": Kind(
        members=("crv", "kty", "x"), names=("Ed25519", "EdDSA"), read=_edwards, read_private=_seed
    ),
    "RSA": Kind(members=("e", "kty", "n"), names=("PS256",), read=_modular, read_private=_factors),
}
_JWS = jwt.PyJWS(algorithms=["ES256", "PS256", "EdDSA"])


def kind_of(key: Jwk) -> Kind:
    """Tell which kind of key this is.

    Raises:
        TokenError: none of the three.
    """
    name = key.get("kty")
    if not isinstance(name, str) or name not in KINDS:
        raise _key_error("Only keys of the kinds EC, OKP and RSA are accepted.")
    return KINDS[name]


def members(key: Jwk) -> dict[str, str]:
    """Pick the required members, which are the whole public key (RFC 7638, 3.2).

    Raises:
        TokenError: one is missing, or it is of another kind.
    """
    found = {name: key.get(name) for name in kind_of(key).members}
    if not all(isinstance(value, str) for value in found.values()):
        raise _key_error("The key lacks a member.")
    return {name: str(value) for name, value in found.items()}


def public_key(key: Jwk) -> PublicKey:
    """Read a public JWK.

    Raises:
        TokenError: another kind of key, a private one, an unknown member, or no such point.
    """
    kind, found = kind_of(key), members(key)
    if not set(key) <= {*kind.members, *_COMMENTS}:
        raise _key_error("The key holds a member it may not hold.")
    if key.get("use", "sig") != "sig" or key.get("alg", kind.names[0]) not in kind.names:
        raise _key_error("The key is not for signatures of its kind.")
    return _read(lambda: kind.read(*found.values()))


def thumbprint(key: Jwk) -> str:
    """Name a key by its RFC 7638 thumbprint (SHA-256, base64url).

    Raises:
        TokenError: it is of no kind that is accepted.
    """
    return _thumbprint(tuple(members(key).items()))


@lru_cache(maxsize=1024)
def _thumbprint(found: tuple[tuple[str, str], ...]) -> str:
    return canonical.b64u(hashlib.sha256(canonical.encode(dict(found))).digest())


def public_part(key: Jwk) -> dict[str, Json]:
    """Leave out the private members of a JWK."""
    return {name: value for name, value in key.items() if name not in _PRIVATE}


def generate() -> dict[str, Json]:
    """Draw a new private ES256 key as a JWK; its `kid` is its thumbprint."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    key: dict[str, Json] = {
        "kty": "EC",
        "crv": "P-256",
        "x": _coordinate(public.x),
        "y": _coordinate(public.y),
    }
    return {**key, "kid": thumbprint(key), "d": _coordinate(numbers.private_value)}


def sign(key: Jwk, data: bytes) -> bytes:
    """Sign with a private JWK, by its one algorithm."""
    kind = kind_of(key)
    return _algorithm(kind.names[-1]).sign(data, _private_key(kind, key))


def verify(key: Jwk, alg: object, data: bytes, signature: bytes) -> None:
    """Check a signature by a public JWK.

    Raises:
        TokenError: `alg` is not the algorithm of this key, the key is unusable, or it did not sign.
    """
    kind, loaded = kind_of(key), public_key(key)
    if alg not in kind.names:
        raise TokenError("The token's algorithm is not the one of its key.", reason="alg")
    if not _algorithm(kind.names[-1]).verify(data, loaded, signature):
        raise TokenError("The token's signature does not hold.", reason="signature")


def _algorithm(name: str) -> Algorithm:
    return _JWS.get_algorithm_by_name(name)


def _private_key(kind: Kind, key: Jwk) -> PrivateKey:
    needed = {name: value for name, value in key.items() if isinstance(value, str)}
    needed = {name: needed[name] for name in {*kind.members, *_PRIVATE} & needed.keys()}
    return _loaded_private(str(key["kty"]), tuple(sorted(needed.items())))


@lru_cache(maxsize=32)
def _loaded_private(kty: str, found: tuple[tuple[str, str], ...]) -> PrivateKey:
    try:
        return KINDS[kty].read_private(dict(found))
    except KeyError as error:
        raise _key_error("This is not a private key.") from error


def _read(read: Callable[[], PublicKey]) -> PublicKey:
    try:
        return read()
    except (FormatError, ValueError) as error:
        raise _key_error("The key is not a valid one of its kind.") from error


def _coordinate(value: int) -> str:
    return canonical.b64u(value.to_bytes(_SIZE, "big"))
