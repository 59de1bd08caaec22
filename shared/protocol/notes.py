"""Signed notes (C2SP signed-note): a text, a blank line, and signature lines by named keys.

This module knows the form of a note and its keys. What a signature line of a kind signs is said where
the kind is used: `checkpoints` has the text (0x01), the text with a time (0x04) and the tree that the
text describes with a time (0x06).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from shared.protocol.canonical import b64, unb64
from shared.protocol.errors import FormatError, SignatureError

MAX_NOTE = 2**16  # bytes; 16 ML-DSA-44 lines are 52 kB, and verifiers must accept 16 signatures
DASH = "\N{EM DASH}"

_NAME = re.compile(r"[^\s+\x00-\x20\x7f\ud800-\udfff]{1,255}")
_MAX_NAME = 255  # bytes; tlog-cosignature, "ML-DSA-44 signed message"
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_UNREADABLE = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # half a surrogate pair is no UTF-8
_KEY_ID_SIZE = 4


class Algorithm(Enum):
    """The signature types of this profile, by the byte that stands for them in key ids."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    MLDSA44 = 0x06


_KEY_SIZE = {  # bytes of a public key
    Algorithm.ED25519: 32,
    Algorithm.ED25519_COSIGNATURE: 32,
    Algorithm.MLDSA44: 1312,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: who claims to have signed, by which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line as it stands in a note, its newline included."""
        return f"{DASH} {self.name} {b64(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as read; nothing about it is proven."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> str:
        """The note as it travels."""
        return self.text + "\n" + "".join(each.line() for each in self.signatures)


def read_note(data: str) -> Note:
    """Split a note into its text and its signature lines.

    Raises:
        FormatError: it is not a signed note.
    """
    if len(data) > MAX_NOTE or _UNREADABLE.search(data):
        raise FormatError("the note is too large or holds a control character")
    text, blank, rest = data.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise FormatError("the note has no signature lines")
    return Note(text=text + "\n", signatures=tuple(map(_read_line, rest[:-1].split("\n"))))


def _read_line(line: str) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) != len(("dash", "name", "signature")) or parts[0] != DASH:
        raise FormatError("a signature line of the note is malformed")
    decoded = unb64(parts[2])
    if not is_name(parts[1]) or len(decoded) <= _KEY_ID_SIZE:
        raise FormatError("a signature line of the note is malformed")
    return NoteSignature(name=parts[1], key_id=decoded[:_KEY_ID_SIZE], blob=decoded[_KEY_ID_SIZE:])


def is_name(text: str) -> bool:
    """Whether a key may have this name: no space, no plus, at most 255 bytes."""
    return bool(_NAME.fullmatch(text)) and len(text.encode()) <= _MAX_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVerifier:
    """A public key with the name it signs notes under."""

    name: str
    algorithm: Algorithm
    public: bytes

    @classmethod
    def from_vkey(cls, vkey: str) -> "NoteVerifier":
        """Read `<name>+<key id in hex>+<base64 of type and key>`.

        Raises:
            FormatError: malformed, a type outside this profile, or a key id that is not the key's.
        """
        match = _VKEY.fullmatch(vkey)
        if not match or not is_name(match[1]):
            raise FormatError("this is not a verifier key")
        material = unb64(match[3])
        if material[0] not in {each.value for each in Algorithm}:
            raise FormatError("this type of verifier key is not used here", type=material[0])
        verifier = cls(name=match[1], algorithm=Algorithm(material[0]), public=material[1:])
        if len(verifier.public) != _KEY_SIZE[verifier.algorithm]:
            raise FormatError("the verifier key has a wrong length")
        if verifier.key_id.hex() != match[2]:
            raise FormatError("the key id does not belong to the verifier key")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, newline, type and key."""
        return sha256(self.name.encode() + b"\n" + self._material()).digest()[:_KEY_ID_SIZE]

    def vkey(self) -> str:
        """The key in the form that is pinned."""
        return f"{self.name}+{self.key_id.hex()}+{b64(self._material())}"

    def signed(self, note: Note) -> Sequence[NoteSignature]:
        """The lines of the note that claim this key; lines of unknown keys are nobody's."""
        own = (self.name, self.key_id)
        return [each for each in note.signatures if (each.name, each.key_id) == own]

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a bare signature.

        Raises:
            SignatureError: it is not this key's signature over the message.
        """
        key = (
            MLDSA44PublicKey.from_public_bytes(self.public)
            if self.algorithm is Algorithm.MLDSA44
            else Ed25519PublicKey.from_public_bytes(self.public)
        )
        try:
            key.verify(signature, message)
        except InvalidSignature:
            raise SignatureError("a signature on the note does not hold", name=self.name) from None

    def _material(self) -> bytes:
        return bytes([self.algorithm.value]) + self.public


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigner:
    """A private key, held as its 32-byte seed, with the name it signs notes under."""

    name: str
    algorithm: Algorithm
    seed: bytes

    def verifier(self) -> NoteVerifier:
        """The public half."""
        public = self._key().public_key().public_bytes_raw()
        return NoteVerifier(name=self.name, algorithm=self.algorithm, public=public)

    def sign(self, message: bytes) -> bytes:
        """A bare signature over the message; ML-DSA's differs each time (FIPS 204, hedged)."""
        return self._key().sign(message)

    def _key(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.algorithm is Algorithm.MLDSA44:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)
