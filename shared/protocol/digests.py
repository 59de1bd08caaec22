"""Digests: SHA-256 for content, SHA-384 where the chain and the signatures depend on it."""

from __future__ import annotations

import hashlib
from typing import Final

from shared.protocol.canonical import b64, unb64
from shared.protocol.errors import FormatError

SHA256_SIZE: Final = 32  # bytes


def sha256(data: bytes) -> bytes:
    """Hash content (FIPS 180-4); 32 bytes."""
    return hashlib.sha256(data).digest()


def sha384(data: bytes) -> bytes:
    """Hash what chains and signatures rest on (FIPS 180-4); 48 bytes."""
    return hashlib.sha384(data).digest()


def content_digest(sha256: bytes) -> str:
    """Write the value of a `Content-Digest` field (RFC 9530, section 2)."""
    return f"sha-256=:{b64(sha256)}:"


def parse_content_digest(text: str) -> bytes:
    """Read the value of a `Content-Digest` field that holds one SHA-256 digest and nothing else.

    Raises:
        FormatError: if it holds anything else.
    """
    label, colon, rest = text.partition(":")
    if label != "sha-256=" or not colon or not rest.endswith(":"):
        raise FormatError("Content-Digest must be sha-256=:<base64>: and nothing else (RFC 9530)")
    digest = unb64(rest[:-1])
    if len(digest) != SHA256_SIZE:
        raise FormatError("a SHA-256 digest has 32 bytes", size=len(digest))
    return digest
