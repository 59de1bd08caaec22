"""Private keys at rest: one file a key, sealed with AES-256-GCM under a passphrase.

Layout of the folder: `store.json` holds the scrypt parameters (RFC 7914) and salt; `<name>.key` holds
nonce[12] ‖ ciphertext, with the name as associated data so that one key's file cannot pass as another's.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from shared.protocol import canonical

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1  # about 0.1 s and 32 MiB, once a start
NONCE_SIZE = 12  # bytes; NIST SP 800-38D, 5.2.1.1


class KeystoreError(Exception):
    """A key cannot be had: no such key, wrong passphrase, or a changed file."""


@dataclass(frozen=True, slots=True)
class Keystore:
    """An opened store. Keep it only as long as keys are being loaded."""

    folder: Path
    wrapping_key: bytes

    @classmethod
    def create(cls, folder: Path, passphrase_file: Path) -> "Keystore":
        """Make an empty store.

        Raises:
            KeystoreError: the folder already holds one.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        salt = secrets.token_bytes(16)
        parameters: canonical.Json = {
            "kdf": "scrypt",
            "n": SCRYPT_N,
            "p": SCRYPT_P,
            "r": SCRYPT_R,
            "salt": canonical.b64u(salt),
            "v": 1,
        }
        _write_new(folder / "store.json", canonical.encode(parameters))
        return cls.open(folder, passphrase_file)

    @classmethod
    def open(cls, folder: Path, passphrase_file: Path) -> "Keystore":
        """Open a store with the passphrase in a file (a trailing newline does not count).

        Raises:
            KeystoreError: no store there, or no passphrase.
        """
        try:
            parameters = canonical.parse((folder / "store.json").read_bytes())
            passphrase = passphrase_file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise KeystoreError(f"{error.filename}: {error.strerror}") from error
        if not passphrase:
            raise KeystoreError(f"{passphrase_file}: the passphrase is empty")
        return cls(folder=folder, wrapping_key=_kdf(parameters).derive(passphrase))

    def put(self, name: str, secret: bytes) -> None:
        """Seal a new key; an existing one is never overwritten.

        Raises:
            KeystoreError: the store has a key of that name.
        """
        _write_new(self._path(name), self._sealed(name, secret))

    def replace(self, name: str, secret: bytes) -> None:
        """Seal a key in the place of one of the same name; a reader sees either, whole.

        Raises:
            KeystoreError: the store has no key of that name.
        """
        path = self._path(name)
        if not path.exists():
            raise KeystoreError(f"{path} does not exist and is not replaced")
        part, before = path.with_suffix(".part"), path.stat()
        part.unlink(missing_ok=True)
        _write_new(part, self._sealed(name, secret))
        if os.geteuid() == 0:
            os.chown(part, before.st_uid, before.st_gid)
        part.replace(path)

    def get(self, name: str) -> bytes:
        """Return a key's bytes.

        Raises:
            KeystoreError: no such key, the wrong passphrase, or a file that was changed.
        """
        try:
            sealed = self._path(name).read_bytes()
        except OSError as error:
            raise KeystoreError(f"{error.filename}: {error.strerror}") from error
        try:
            return AESGCM(self.wrapping_key).decrypt(
                sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], name.encode()
            )
        except InvalidTag as error:
            raise KeystoreError(f"key {name}: wrong passphrase, or the file was changed") from error

    def _sealed(self, name: str, secret: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_SIZE)
        return nonce + AESGCM(self.wrapping_key).encrypt(nonce, secret, name.encode())

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.key"


def _kdf(parameters: canonical.Json) -> Scrypt:
    """Return the key derivation that a store was made with, which may differ from today's."""
    match parameters:
        case {"v": 1, "kdf": "scrypt", "n": int(n), "r": int(r), "p": int(p), "salt": str(salt)}:
            return Scrypt(salt=canonical.unb64u(salt), length=32, n=n, r=r, p=p)
        case _:
            raise KeystoreError("store.json is not of a version that is known here")


def _write_new(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeystoreError(f"{path} exists and is not overwritten") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
