"""Signature keys of the suite, and one JWS signature made and checked (spec/keys.md).

ES384 (RFC 7518, 3.4) and ML-DSA-87 (RFC 9964). A key id is the RFC 7638 thumbprint of the public
key, so it cannot be chosen. The protected header is not read but expected: byte for byte the one
that the writer writes, so it leaves no room for another algorithm, `crit`, `jku` or the like.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from shared.protocol.canonical import Json, b64u, encode, parse, unb64u
from shared.protocol.errors import FormatError, SignatureError

ES384: Final = "ES384"
ML_DSA_87: Final = "ML-DSA-87"
SIGNATURE_ALGORITHMS: Final = (ES384, ML_DSA_87)
"""What a seal signs with, in the order in which the signatures stand."""
_SHAPES: Final[dict[str, dict[str, str]]] = {
    ES384: {"kty": "EC", "crv": "P-384"},
    ML_DSA_87: {"kty": "AKP"},
}
_PUBLIC_SIZES: Final = {ES384: {"x": 48, "y": 48}, ML_DSA_87: {"pub": 2592}}  # bytes, FIPS 204
_PRIVATE_SIZES: Final = {ES384: {"d": 48}, ML_DSA_87: {"priv": 32}}  # ML-DSA: the seed, RFC 9964


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public signature key.

    Attributes:
        algorithm: `ES384` or `ML-DSA-87`; a key has one algorithm for life.
        kid: the thumbprint (RFC 7638; RFC 9964, section 6), base64url.
        jwk: the public JWK in canonical JSON.
    """

    algorithm: str
    kid: str
    jwk: bytes = field(repr=False)

    @classmethod
    def from_json(cls, algorithm: str, value: Json) -> Self:
        """Take a public JWK of this algorithm, and nothing else.

        Raises:
            FormatError: another algorithm, extra members (a private one above all), a wrong
                length, a point off the curve, or a `kid` that is not the thumbprint.
        """
        _check_members(algorithm, value, _PUBLIC_SIZES[algorithm])
        assert isinstance(value, dict)
        kid = _thumbprint(value, "verify")
        if value["kid"] != kid:
            raise FormatError("a key id must be the thumbprint of its key (RFC 7638)", kid=kid)
        return cls(algorithm, kid, encode(value))

    def to_json(self) -> dict[str, Json]:
        """Give the public JWK."""
        value = parse(self.jwk)
        assert isinstance(value, dict)
        return value

    def check(self, protected: bytes, payload: bytes, signature: str) -> None:
        """Check one JWS signature (RFC 7515, section 5.2).

        Args:
            protected: the protected header, as the caller expects it, never as it came.
            payload: the payload before base64url.
            signature: base64url.

        Raises:
            SignatureError: if it does not hold.
        """
        unb64u(signature)
        token = JWS()
        token.allowed_algs = [self.algorithm]
        try:
            token.deserialize(f"{b64u(protected)}.{b64u(payload)}.{signature}")
            token.verify(JWK(**self.to_json()), alg=self.algorithm)
        except JWException as error:
            raise SignatureError(
                f"the {self.algorithm} signature does not hold", kid=self.kid
            ) from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private signature key; `jwk` is the private JWK in canonical JSON."""

    algorithm: str
    jwk: bytes = field(repr=False)

    @classmethod
    def generate(cls, algorithm: str) -> Self:
        """Draw a key of one of `SIGNATURE_ALGORITHMS`."""
        extra = {"alg": algorithm}
        key = JWK.generate(**_SHAPES[algorithm], **extra)
        return cls(algorithm, encode({**key.export(as_dict=True), "kid": key.thumbprint()}))

    @classmethod
    def from_json(cls, algorithm: str, value: Json) -> Self:
        """Take a private JWK of this algorithm.

        Raises:
            FormatError: if it is anything else, or its halves do not belong together.
        """
        _check_members(algorithm, value, _PUBLIC_SIZES[algorithm] | _PRIVATE_SIZES[algorithm])
        assert isinstance(value, dict)
        _thumbprint(value, "sign")
        key = cls(algorithm, encode(value))
        probe = b"both halves of one key"
        try:
            key.public().check(key.header("probe"), probe, key.sign("probe", probe))
        except SignatureError as error:
            raise FormatError("the private and the public half are of two keys") from error
        return key

    def to_json(self) -> dict[str, Json]:
        """Give the private JWK."""
        value = parse(self.jwk)
        assert isinstance(value, dict)
        return value

    def public(self) -> VerificationKey:
        """Give the public half."""
        secret = _PRIVATE_SIZES[self.algorithm]
        public = {name: part for name, part in self.to_json().items() if name not in secret}
        return VerificationKey.from_json(self.algorithm, public)

    def header(self, typ: str) -> bytes:
        """Give the protected header that `sign` writes."""
        return protected_header(self.algorithm, str(self.to_json()["kid"]), typ)

    def sign(self, typ: str, payload: bytes) -> str:
        """Sign a payload as a JWS of the media type `typ`.

        Returns:
            The signature in base64url; the protected header is `header(typ)`.
        """
        token = JWS(payload)
        token.add_signature(JWK(**self.to_json()), protected=self.header(typ).decode())
        return str(token.serialize(compact=True)).rpartition(".")[2]


def protected_header(algorithm: str, kid: str, typ: str) -> bytes:
    """Write the one protected header that a signature may have: canonical, three members."""
    return encode({"alg": algorithm, "kid": kid, "typ": typ})


def _check_members(algorithm: str, value: Json, sizes: dict[str, int]) -> None:
    fixed = {**_SHAPES[algorithm], "alg": algorithm}
    if not isinstance(value, dict) or value.keys() != fixed.keys() | sizes.keys() | {"kid"}:
        raise FormatError(f"this is not a JWK for {algorithm} with exactly the members it needs")
    if any(value[name] != text for name, text in fixed.items()):
        raise FormatError(f"this JWK is not for {algorithm}")
    for name, size in sizes.items():
        part = value[name]
        if not isinstance(part, str) or len(unb64u(part)) != size:
            raise FormatError(f"member {name} of a JWK for {algorithm} has {size} bytes")


def _thumbprint(value: dict[str, Json], operation: str) -> str:
    """Load a JWK, so that what cannot be used is found here, and give its thumbprint."""
    try:
        key = JWK(**value)
        key.get_op_key(operation)
        return str(key.thumbprint())
    except (JWException, ValueError) as error:
        raise FormatError("this JWK is not a usable key") from error
