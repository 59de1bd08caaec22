"""Segments, wraps and small things at rest (spec/segments.md).

A segment is one Cobblestone-256 message (C2SP chunked-encryption over AES-256-GCM, key
committing) under the content key of its package; its context says which segment it is, so it
opens nowhere else. The content key is wrapped to each recipient with HPKE, base mode.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.utils import Buffer

from shared.protocol.errors import FormatError, SealError
from shared.protocol.identifiers import id_bytes, parse_country
from shared.protocol.keys import KemKey, KemPublic

KEY_SIZE: Final = 32  # bytes
WRAP_SIZE: Final = 1713  # bytes: 1568 + 97 encapsulated, 32 sealed, 16 tag
MIN_SEGMENT: Final = 2**20  # bytes of plaintext
DEFAULT_SEGMENT: Final = 16 * 2**20
MAX_SEGMENT: Final = 256 * 2**20

_CHUNK: Final = 16 * 2**10  # bytes of plaintext: C2SP chunked-encryption, parameters
_TAG: Final = 16
_HEADER: Final = 24 + 32  # salt, key commitment
_NONCE: Final = 12  # bytes, drawn at random: NIST SP 800-38D, 8.2.2

_SUITE: Final = Suite(KEM.MLKEM1024_P384, KDF.HKDF_SHA384, AEAD.AES_256_GCM)


def new_content_key() -> bytes:
    """Draw the key under which one package, and no other, is sealed."""
    return secrets.token_bytes(KEY_SIZE)


def segment_context(package_id: str, item_id: str, n: int, last: bool) -> bytes:  # noqa: FBT001
    """Say which segment this is: 60 bytes, every field of fixed width.

    Args:
        package_id: a UUIDv7.
        item_id: a UUIDv7, or `TAG_ITEM`.
        n: the index of the segment within its item, from 0.
        last: whether it is the item's last.

    Raises:
        FormatError: if an identifier is none, or `n` does not fit.
    """
    if not 0 <= n < 2**63:
        raise FormatError("the index of a segment is out of range", segment=n)
    place = id_bytes(package_id) + id_bytes(item_id) + n.to_bytes(8, "big")
    return b"rogatory/1 segment\0" + place + bytes([last])


def segment_count(size: int, segment_size: int) -> int:
    """Count the segments of an item; an empty item has one, empty.

    Args:
        size: bytes of plaintext.
        segment_size: bytes of plaintext in every segment but the last.

    Raises:
        FormatError: if the segment size is outside 1 to 256 MiB, or the size negative.
    """
    if not MIN_SEGMENT <= segment_size <= MAX_SEGMENT or size < 0:
        raise FormatError("a segment has 1 to 256 MiB of plaintext", segment_size=segment_size)
    return max(1, -(-size // segment_size))


def sealed_size(plain: int) -> int:
    """Give the bytes of a sealed segment that holds `plain` bytes: header, chunks, tags.

    The last chunk is shorter than the others, if need be empty, so truncation shows.
    """
    return _HEADER + plain + _TAG * (plain // _CHUNK + 1)


def buffer_size(chunk: int) -> int:
    """Give a size of buffer that is enough for `update_into` with `chunk` bytes, either way."""
    return sealed_size(chunk + _CHUNK)


class SegmentSealer:
    """Seal one segment as it streams by. Memory: one chunk of 16 KiB.

    The salt, and with it every nonce, is drawn inside.

    Raises:
        FormatError: if the key has not 32 bytes.
    """

    def __init__(self, key: bytes, context: bytes) -> None:
        self._message = Cobblestone256Encryptor(_checked(key), context)

    def update(self, chunk: Buffer) -> bytes:
        """Take plaintext, give what is sealed so far."""
        return self._message.update(chunk)

    def update_into(self, chunk: Buffer, buffer: Buffer) -> int:
        """Take plaintext, write what is sealed to the front of `buffer`, give its length.

        Raises:
            ValueError: if the buffer is smaller than `buffer_size(len(chunk))` may demand.
        """
        return self._message.update_into(chunk, buffer)

    def finalize(self) -> bytes:
        """Give the last, short chunk (at most 16 KiB and a tag)."""
        return self._message.finalize()


class SegmentOpener:
    """Open one segment as it streams by. Nothing it gave may be used before `finalize` returned.

    Raises:
        FormatError: if the key has not 32 bytes.
    """

    def __init__(self, key: bytes, context: bytes) -> None:
        self._message = Cobblestone256Decryptor(_checked(key), context)

    def update(self, chunk: Buffer) -> bytes:
        """Take sealed bytes, give the plaintext of the chunks that are proven.

        Raises:
            SealError: if they do not open.
        """
        try:
            return self._message.update(chunk)
        except InvalidTag as error:
            raise _unopened() from error

    def update_into(self, chunk: Buffer, buffer: Buffer) -> int:
        """Take sealed bytes, write plaintext to the front of `buffer`, give its length.

        Raises:
            SealError: if they do not open.
            ValueError: if the buffer is smaller than `buffer_size(len(chunk))` may demand.
        """
        try:
            return self._message.update_into(chunk, buffer)
        except InvalidTag as error:
            raise _unopened() from error

    def finalize(self) -> bytes:
        """Give the last plaintext, now that the end is proven to be the end.

        Raises:
            SealError: if it is not.
        """
        try:
            return self._message.finalize()
        except InvalidTag as error:
            raise _unopened() from error


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_SIZE:
        raise FormatError("a content key has 32 bytes", size=len(key))
    return key


def _unopened() -> SealError:
    return SealError("a sealed segment does not open: other key, other place, changed or cut short")


def wrap(
    key: bytes, recipient: KemPublic, *, package_id: str, sender: str, recipient_country: str
) -> bytes:
    """Wrap a content key to a recipient (HPKE base mode, RFC 9180, 5.1.1).

    Returns:
        Encapsulated key and ciphertext, 1713 bytes, which open in this transfer alone.

    Raises:
        FormatError: if an identifier, the key's length or the recipient's key is wrong.
    """
    info = _wrap_info(package_id, sender, recipient_country, recipient.kid)
    return _SUITE.encrypt(_checked(key), recipient.hpke, info)


def unwrap(
    wrapped: bytes, own: KemKey, *, package_id: str, sender: str, recipient_country: str
) -> bytes:
    """Unwrap the content key of a package; 32 bytes.

    Raises:
        SealError: if it was not wrapped to this key for this transfer.
    """
    info = _wrap_info(package_id, sender, recipient_country, own.kid)
    if len(wrapped) != WRAP_SIZE:
        raise SealError("a wrapped content key has 1713 bytes", size=len(wrapped))
    try:
        return _SUITE.decrypt(wrapped, own.hpke, info)
    except InvalidTag as error:
        raise SealError("the content key was not wrapped to this key for this transfer") from error


def _wrap_info(package_id: str, sender: str, recipient: str, kid: str) -> bytes:
    """Bind a wrap to its transfer, so that it cannot be moved to another."""
    parties = f"{parse_country(sender)}\0{parse_country(recipient)}\0{kid}"
    return b"rogatory/1 cek\0" + id_bytes(package_id) + parties.encode()


def seal_small(key32: bytes, data: bytes, context: bytes) -> bytes:
    """Seal something small at rest: AES-256-GCM, the nonce drawn and put in front.

    Args:
        key32: for less than 2**32 calls (NIST SP 800-38D, 8.3).
        data: at most a few MiB; all of it is held in memory.
        context: what it is and where it belongs; needed to open it, not stored.
    """
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key32).encrypt(nonce, data, context)


def open_small(key32: bytes, sealed: bytes, context: bytes) -> bytes:
    """Open what `seal_small` sealed under this key and context.

    Raises:
        SealError: if it was not, or has been changed.
    """
    try:
        return AESGCM(key32).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError) as error:
        raise SealError("what was sealed at rest does not open under this key and place") from error


def derive(key32: bytes, label: bytes) -> bytes:
    """Derive a key of 32 bytes for one purpose (HKDF-Expand with SHA-384, RFC 5869, 2.3)."""
    return HKDFExpand(SHA384(), KEY_SIZE, b"rogatory/1 " + label).derive(key32)


def segment_mac(content_key: bytes, sha256: bytes, size: int) -> bytes:
    """Give a tag by which the same plaintext is known again, and by the key's holder alone.

    Args:
        content_key: of the package.
        sha256: of the segment's plaintext, 32 bytes.
        size: of the segment's plaintext, in bytes.
    """
    key = derive(content_key, b"segment mac")
    return hmac.digest(key, sha256 + size.to_bytes(8, "big"), "sha256")
