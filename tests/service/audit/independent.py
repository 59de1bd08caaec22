"""A verifier that shares no code with the log: RFC 6962 and the C2SP texts, written down a second time."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = 1  # the type of a signed-note key


def root(entries: Sequence[bytes]) -> bytes:
    """The Merkle tree hash (RFC 6962, 2.1), by its recursive definition."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\1" + root(entries[:split]) + root(entries[split:])).digest()


def path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """The audit path of an entry (RFC 6962, 2.1.1), by its recursive definition."""
    if len(entries) == 1:
        return []
    split = 1
    while split * 2 < len(entries):
        split *= 2
    if index < split:
        return [*path(index, entries[:split]), root(entries[split:])]
    return [*path(index - split, entries[split:]), root(entries[:split])]


def checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that is signed by an Ed25519 key (signed-note)."""
    name, _, rest = vkey.partition("+")
    key_id, _, key = rest.partition("+")
    public = base64.b64decode(key)
    assert public[0] == ED25519
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        _dash, signer, encoded = line.split(" ")
        signature = base64.b64decode(encoded)
        if signer == name and signature[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
            origin, size, tree = text.splitlines()
            return origin, int(size), base64.b64decode(tree)
    raise AssertionError("the key has not signed")


def check(proof: str, leaf: bytes, entries: Sequence[bytes], vkey: str) -> int:
    """Check a tlog-proof against all entries of the log; return the size it is under."""
    head, _, note = proof.partition("\n\n")
    kind, numbered, *hashes = head.splitlines()
    assert kind == "c2sp.org/tlog-proof@v1"
    index = int(numbered.removeprefix("index "))
    _origin, size, tree = checkpoint(note, vkey)
    assert entries[index] == leaf
    assert [base64.b64decode(each) for each in hashes] == path(index, entries[:size])
    assert tree == root(entries[:size])
    return size
