"""Keys of a ceremony: a file sealed with a passphrase, or a file that says where a token has the key.

A file is canonical JSON. It shows the public key to anybody, and is what commands take both for signing
and for naming a key; `public` of it can be sent around. The private key is sealed with AES-256-GCM under
scrypt (RFC 7914) of the passphrase, the key's id as associated data. With a token (PKCS#11) it never
leaves the token.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from securesystemslib.signer import CryptoSigner, HSMSigner, Key, Signer

from client.errors import UsageError, unreadable
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError
from shared.protocol.signingkeys import KIND, public_file, read_key, write_key

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1  # about 0.1 s and 32 MiB
NONCE_SIZE: Final = 12  # bytes; NIST SP 800-38D, 5.2.1.1
SCHEME: Final = "hsm:"  # of the address of a key in a token
Secret = Callable[[str], str]  # asks for the passphrase, or a token's PIN; is told of which


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A key of a ceremony as its file shows it; what is private stays closed."""

    name: str  # whose it is, for people
    public: Key
    sealed: dict[str, Json] | None = None  # the private key under a passphrase
    token: str | None = None  # where a token has it: `hsm:2?label=…`

    def to_bytes(self) -> bytes:
        """Write the file."""
        return canonical.encode(
            {
                "v": 1,
                "kind": KIND,
                "name": self.name,
                "public": write_key(self.public),
                "sealed": self.sealed,
                "token": self.token,
            }
        )

    def only_public(self) -> bytes:
        """Write what can be sent to others."""
        return public_file(self.name, self.public)

    def open(self, secret: Secret) -> Signer:
        """Make a signer of it.

        Raises:
            UsageError: the wrong passphrase, no private key in it, or a token that is not there.
        """
        if self.token is not None:
            return _token_signer(self.token, self.public, secret)
        if self.sealed is None:
            raise UsageError(f"the file of {self.name} has the public key only", code="no_key")
        private = _unseal(self.sealed, self.public.keyid, secret(self.name), self.name)
        return CryptoSigner(Ed25519PrivateKey.from_private_bytes(private))


def draw(names: Sequence[str], passphrase: str) -> list[KeyFile]:
    """Draw keys, all under one passphrase."""
    salt = secrets.token_bytes(16)
    wrapping = AESGCM(_derive(passphrase, salt, SCRYPT_N))
    return [_draw(name, wrapping, salt) for name in names]


def of_token(name: str, token: str) -> KeyFile:
    """Take a key that a token has (PKCS#11), by `hsm:KEYID?label=LABEL`.

    Raises:
        UsageError: the token or its software is not there.
    """
    keyid = token.removeprefix(SCHEME).partition("?")[0]
    label = token.partition("?label=")[2] or None
    try:
        _, public = HSMSigner.import_(int(keyid) if keyid else None, label)
    except Exception as error:  # whatever the token's own library raises
        raise _no_token(error) from error
    return KeyFile(name=name, public=public, token=token)


def read(path: Path) -> KeyFile:
    """Read a key file.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        return _read(canonical.parse(path.read_bytes().strip()))
    except OSError as error:
        raise unreadable(path, error) from error
    except FormatError as error:
        raise UsageError(f"{path}: {error.detail}", code="bad_key") from error


def _read(told: Json) -> KeyFile:
    match told:
        case {
            "v": 1,
            "kind": "signing-key",
            "name": str(name),
            "public": dict(public),
            "sealed": dict() | None as sealed,
            "token": str() | None as token,
        }:
            return KeyFile(name=name, public=read_key(public), sealed=sealed, token=token)
        case _:
            raise FormatError("This is no key file of a ceremony.")


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read; nothing is ever overwritten."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _draw(name: str, wrapping: AESGCM, salt: bytes) -> KeyFile:
    private = Ed25519PrivateKey.generate()
    public = CryptoSigner(private).public_key
    nonce = secrets.token_bytes(NONCE_SIZE)
    box = nonce + wrapping.encrypt(nonce, private.private_bytes_raw(), public.keyid.encode())
    sealed: dict[str, Json] = {
        "kdf": "scrypt",
        "n": SCRYPT_N,
        "r": SCRYPT_R,
        "p": SCRYPT_P,
        "salt": canonical.b64u(salt),
        "box": canonical.b64u(box),
    }
    return KeyFile(name=name, public=public, sealed=sealed)


def _unseal(sealed: dict[str, Json], keyid: str, passphrase: str, name: str) -> bytes:
    match sealed:
        case {"kdf": "scrypt", "n": int(n), "r": 8, "p": 1, "salt": str(salt), "box": str(box)}:
            content = canonical.unb64u(box)
            wrapping = AESGCM(_derive(passphrase, canonical.unb64u(salt), n))
        case _:
            raise UsageError(f"the key of {name} is sealed in an unknown way", code="bad_key")
    try:
        return wrapping.decrypt(content[:NONCE_SIZE], content[NONCE_SIZE:], keyid.encode())
    except InvalidTag as error:
        raise UsageError(
            f"the key of {name} does not open: another passphrase, or a changed file",
            code="wrong_passphrase",
        ) from error


@lru_cache(maxsize=1)  # keys that were drawn together share it
def _derive(passphrase: str, salt: bytes, n: int) -> bytes:
    if not passphrase:
        raise UsageError("the passphrase is empty", code="no_passphrase")
    return Scrypt(salt=salt, length=32, n=n, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase.encode())


def _token_signer(token: str, public: Key, secret: Secret) -> Signer:
    try:
        return HSMSigner.from_priv_key_uri(token, public, secret)
    except Exception as error:  # whatever the token's own library raises
        raise _no_token(error) from error


def _no_token(error: Exception) -> UsageError:
    return UsageError(
        f"the token cannot be used: {error}",
        code="no_token",
        next_step="install securesystemslib[hsm], set PYKCS11LIB, and put the token in",
    )
