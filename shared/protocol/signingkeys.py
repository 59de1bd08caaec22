"""Public keys of the ceremony: Ed25519 from files, or ECDSA from a token; their ids are read aloud."""

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import Key, SSlibKey

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError

ED25519: Final = "ed25519"
KIND: Final = "signing-key"  # of a key file
ECDSA: Final = "ecdsa"  # P-256 and P-384: what tokens with PKCS#11 have


def write_key(key: Key) -> Json:
    """Write a public key as TUF does, with its id."""
    return {"keyid": key.keyid, **key.to_dict()}


def read_key(told: Mapping[str, object]) -> Key:
    """Read what `write_key` wrote; the id is the digest of the key, and is checked.

    Raises:
        FormatError: it is no key of a ceremony, or not of this id.
    """
    keyval = told.get("keyval")
    public = keyval.get("public") if isinstance(keyval, Mapping) else None
    try:
        key = SSlibKey.from_crypto(_load(told.get("keytype"), str(public)))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError("This is not a public key of a ceremony.") from error
    if write_key(key) != told:
        raise FormatError("This public key is not written as a ceremony writes it.")
    return key


def _load(keytype: object, public: str) -> Ed25519PublicKey | EllipticCurvePublicKey:
    if keytype == ED25519:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    loaded = load_pem_public_key(public.encode())
    if keytype != ECDSA or not isinstance(loaded, EllipticCurvePublicKey):
        raise ValueError(keytype)
    return loaded


def public_file(name: str, key: Key) -> bytes:
    """Write the file by which a public key of a ceremony is sent around; `name` says whose it is."""
    return canonical.encode(
        {
            "v": 1,
            "kind": KIND,
            "name": name,
            "public": write_key(key),
            "sealed": None,
            "token": None,
        }
    )


def fingerprint(keyid: str) -> str:
    """Write a key's id, or any digest in hex, as it is read aloud: in groups of four."""
    return " ".join(keyid[at : at + 4] for at in range(0, len(keyid), 4))
