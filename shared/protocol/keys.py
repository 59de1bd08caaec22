"""The keys of a node and of its officers, and their files (spec/keys.md).

Suite `rogatory-1`: ES384 and ML-DSA-87 side by side for seals, ES384 for officers, HPKE with
MLKEM1024-P384, HKDF-SHA384 and AES-256-GCM (RFC 9180, draft-ietf-hpke-pq) for content keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.hpke import MLKEM1024P384PrivateKey, MLKEM1024P384PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.protocol.canonical import Json, b64u, encode, parse, unb64u
from shared.protocol.digests import sha256
from shared.protocol.errors import FormatError
from shared.protocol.signatures import ES384, ML_DSA_87, SigningKey, VerificationKey

SUITE: Final = "rogatory-1"
KEM_SUITE: Final = "0x0051-0x0002-0x0002"
"""HPKE ids: KEM MLKEM1024-P384, KDF HKDF-SHA384, AEAD AES-256-GCM."""

_SCALAR_SIZE: Final = 48  # bytes of a P-384 private value


@dataclass(frozen=True, slots=True)
class SealPublic:
    """The two public keys that verify a country's entries."""

    es384: VerificationKey
    mldsa87: VerificationKey

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Take `{"es384": JWK, "mldsa87": JWK}`.

        Raises:
            FormatError: if it is anything else.
        """
        if not isinstance(value, dict) or value.keys() != {"es384", "mldsa87"}:
            raise FormatError("a seal has the members es384 and mldsa87 and no other")
        return cls(
            VerificationKey.from_json(ES384, value["es384"]),
            VerificationKey.from_json(ML_DSA_87, value["mldsa87"]),
        )

    def to_json(self) -> dict[str, Json]:
        """Give `{"es384": JWK, "mldsa87": JWK}`."""
        return {"es384": self.es384.to_json(), "mldsa87": self.mldsa87.to_json()}


@dataclass(frozen=True, slots=True)
class SealKey:
    """The two private keys of a country's seal."""

    es384: SigningKey
    mldsa87: SigningKey

    @classmethod
    def generate(cls) -> Self:
        """Draw both keys."""
        return cls(SigningKey.generate(ES384), SigningKey.generate(ML_DSA_87))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: if it is anything else.
        """
        value = _key_file(data, "seal", {"es384", "mldsa87"})
        return cls(
            SigningKey.from_json(ES384, value["es384"]),
            SigningKey.from_json(ML_DSA_87, value["mldsa87"]),
        )

    def to_bytes(self) -> bytes:
        """Write the private keys, in the clear: for the keystore alone."""
        both = {"es384": self.es384.to_json(), "mldsa87": self.mldsa87.to_json()}
        return encode({"v": 1, "kind": "seal", **both})

    def public(self) -> SealPublic:
        """Give the public halves."""
        return SealPublic(self.es384.public(), self.mldsa87.public())


@dataclass(frozen=True, slots=True)
class OfficerPublic:
    """The public key with which an officer's approvals are checked."""

    key: VerificationKey

    @property
    def kid(self) -> str:
        """The thumbprint."""
        return self.key.kid

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Take a public ES384 JWK.

        Raises:
            FormatError: if it is anything else.
        """
        return cls(VerificationKey.from_json(ES384, value))

    def to_json(self) -> dict[str, Json]:
        """Give the public JWK."""
        return self.key.to_json()


@dataclass(frozen=True, slots=True)
class OfficerKey:
    """An officer's private key."""

    key: SigningKey

    @property
    def kid(self) -> str:
        """The thumbprint."""
        return self.public().kid

    @classmethod
    def generate(cls) -> Self:
        """Draw a key."""
        return cls(SigningKey.generate(ES384))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: if it is anything else.
        """
        return cls(SigningKey.from_json(ES384, _key_file(data, "officer", {"es384"})["es384"]))

    def to_bytes(self) -> bytes:
        """Write the private key, in the clear."""
        return encode({"v": 1, "kind": "officer", "es384": self.key.to_json()})

    def public(self) -> OfficerPublic:
        """Give the public half."""
        return OfficerPublic(self.key.public())


@dataclass(frozen=True, slots=True)
class KemPublic:
    """The public key to which a content key is wrapped.

    Attributes:
        p384: the uncompressed point, 97 bytes (SEC 1, 2.3.3).
        mlkem1024: the encapsulation key, 1568 bytes (FIPS 203).
    """

    p384: bytes = field(repr=False)
    mlkem1024: bytes = field(repr=False)

    @property
    def kid(self) -> str:
        """SHA-256, base64url, of the canonical JSON of the other members (as in RFC 7638)."""
        return b64u(sha256(encode(self._members())))

    @property
    def hpke(self) -> MLKEM1024P384PublicKey:
        """The key as HPKE takes it.

        Raises:
            FormatError: a wrong length, or a point off the curve.
        """
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), self.p384)
            lattice = mlkem.MLKEM1024PublicKey.from_public_bytes(self.mlkem1024)
        except ValueError as error:
            raise FormatError("this is not a usable MLKEM1024-P384 key") from error
        return MLKEM1024P384PublicKey(lattice, point)

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Take `{"kid", "suite", "p384", "mlkem1024"}`.

        Raises:
            FormatError: if it is anything else, unusable, or the key id is not its own.
        """
        if not isinstance(value, dict) or value.keys() != {"kid", "suite", "p384", "mlkem1024"}:
            raise FormatError("a KEM key has the members kid, suite, p384, mlkem1024 and no other")
        key = cls(unb64u(str(value["p384"])), unb64u(str(value["mlkem1024"])))
        if len(key.p384) != 2 * _SCALAR_SIZE + 1 or key.to_json() != value:
            raise FormatError("this KEM key is of another suite, or its key id is not its own")
        _ = key.hpke
        return key

    def to_json(self) -> dict[str, Json]:
        """Give `{"kid", "suite", "p384", "mlkem1024"}`, the octets in base64url."""
        return {"kid": self.kid, **self._members()}

    def _members(self) -> dict[str, Json]:
        return {"suite": KEM_SUITE, "p384": b64u(self.p384), "mlkem1024": b64u(self.mlkem1024)}


@dataclass(frozen=True, slots=True)
class KemKey:
    """The private key that unwraps content keys.

    Attributes:
        p384: the private value, 48 bytes big-endian.
        mlkem1024: the seed `d || z`, 64 bytes (FIPS 203, 7.1).
    """

    p384: bytes = field(repr=False)
    mlkem1024: bytes = field(repr=False)

    @property
    def kid(self) -> str:
        """The key id of the public half."""
        return self.public().kid

    @property
    def hpke(self) -> MLKEM1024P384PrivateKey:
        """The key as HPKE takes it."""
        return MLKEM1024P384PrivateKey(*self._parts())

    @classmethod
    def generate(cls) -> Self:
        """Draw a key."""
        scalar = ec.generate_private_key(ec.SECP384R1()).private_numbers().private_value
        seed = mlkem.MLKEM1024PrivateKey.generate().private_bytes_raw()
        return cls(scalar.to_bytes(_SCALAR_SIZE, "big"), seed)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: if it is anything else.
        """
        value = _key_file(data, "kem", {"suite", "p384", "mlkem1024"})
        key = cls(unb64u(str(value["p384"])), unb64u(str(value["mlkem1024"])))
        if value["suite"] != KEM_SUITE or len(key.p384) != _SCALAR_SIZE:
            raise FormatError("this KEM key is of another suite")
        key.public()
        return key

    def to_bytes(self) -> bytes:
        """Write the private key, in the clear: for the keystore alone."""
        octets = {"p384": b64u(self.p384), "mlkem1024": b64u(self.mlkem1024)}
        return encode({"v": 1, "kind": "kem", "suite": KEM_SUITE, **octets})

    def public(self) -> KemPublic:
        """Give the public half."""
        lattice, scalar = self._parts()
        point = scalar.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return KemPublic(point, lattice.public_key().public_bytes_raw())

    def _parts(self) -> tuple[mlkem.MLKEM1024PrivateKey, ec.EllipticCurvePrivateKey]:
        try:
            scalar = ec.derive_private_key(int.from_bytes(self.p384, "big"), ec.SECP384R1())
            return mlkem.MLKEM1024PrivateKey.from_seed_bytes(self.mlkem1024), scalar
        except ValueError as error:
            raise FormatError("this is not a usable MLKEM1024-P384 key") from error


def _key_file(data: bytes, kind: str, members: set[str]) -> dict[str, Json]:
    value = parse(data)
    if not isinstance(value, dict) or value.keys() != members | {"v", "kind"}:
        raise FormatError(f"this is not the file of a key of kind {kind}")
    if value["v"] != 1 or value["kind"] != kind:
        raise FormatError(f"this is not the file of a key of kind {kind}, version 1")
    return value
