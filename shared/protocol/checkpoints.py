"""Signed tree heads (C2SP tlog-checkpoint), under two signatures of the log's own keys.

Each checkpoint is signed with Ed25519 over the note's text and cosigned with ML-DSA-44 under the
log's own name (C2SP tlog-cosignature), so that neither a broken curve nor a broken lattice forges the
record. A verifier demands both.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes

from shared.protocol.canonical import b64, b64u, encode, parse, unb64, unb64u
from shared.protocol.errors import (
    FormatError,
    InconsistentLogError,
    MissingSignatureError,
    SignatureError,
)
from shared.protocol.merkle import EMPTY_ROOT, HASH_SIZE, verify_consistency
from shared.protocol.notes import (
    Algorithm,
    Note,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    read_note,
)

DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")  # no sign, no leading zero, below 10**16
_ORIGIN = re.compile(r"[!-*,-~]{1,128}")  # printable ASCII but space and plus
_COSIGNED = struct.Struct(">Q")
_MAX_TIME = 2**63 - 1  # tlog-cosignature, "Format"
_SEED_SIZE = 32
_LOG_ALGORITHMS = (Algorithm.ED25519, Algorithm.MLDSA44)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log states: under this origin, this many entries, this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint note; extension lines are refused.

    Raises:
        FormatError: it is not a checkpoint, or its size contradicts its root.
    """
    checkpoint = read_head(text)
    if (checkpoint.size == 0) != (checkpoint.root == EMPTY_ROOT):
        raise FormatError("the size of the checkpoint contradicts its root")
    return checkpoint


def read_head(text: str) -> Checkpoint:
    """Read the three lines alone: a witness has an answer of its own for a root that cannot be.

    Raises:
        FormatError: it is not a checkpoint.
    """
    parts = text.split("\n")
    if len(parts) != len(("origin", "size", "root", "")) or parts[3]:
        raise FormatError("a checkpoint has three lines")
    checkpoint = Checkpoint(
        origin=check_origin(parts[0]), size=read_decimal(parts[1]), root=unb64(parts[2])
    )
    if len(checkpoint.root) != HASH_SIZE:
        raise FormatError("the root of a checkpoint is 32 bytes")
    return checkpoint


def check_origin(text: str) -> str:
    """The origin, where it is one: printable ASCII without space or plus, at most 128 characters."""
    if not _ORIGIN.fullmatch(text):
        raise FormatError("this is not a log origin")
    return text


def read_decimal(text: str) -> int:
    """A size or an index as C2SP writes it: ASCII digits, no leading zero."""
    if not DECIMAL.fullmatch(text):
        raise FormatError("this is not a size or an index")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """A log's two private keys, under its origin."""

    origin: str
    ed25519: bytes
    mldsa44: bytes

    @classmethod
    def generate(cls, origin: str) -> "LogKey":
        """New keys for a new log."""
        return cls(
            origin=check_origin(origin),
            ed25519=token_bytes(_SEED_SIZE),
            mldsa44=token_bytes(_SEED_SIZE),
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "LogKey":
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: it is something else.
        """
        match parse(data):
            case {"ed25519": str(first), "mldsa44": str(second), "origin": str(origin), "v": 1}:
                key = cls(
                    origin=check_origin(origin), ed25519=unb64u(first), mldsa44=unb64u(second)
                )
            case _:
                raise FormatError("this is not a log key")
        if {len(key.ed25519), len(key.mldsa44)} != {_SEED_SIZE}:
            raise FormatError("this is not a log key")
        return key

    def to_bytes(self) -> bytes:
        """Both seeds and the origin, as canonical JSON; secret."""
        return encode(
            {
                "ed25519": b64u(self.ed25519),
                "mldsa44": b64u(self.mldsa44),
                "origin": self.origin,
                "v": 1,
            }
        )

    def vkeys(self) -> list[str]:
        """The two verifier keys that members pin."""
        return [each.verifier().vkey() for each in self.signers()]

    def signers(self) -> tuple[NoteSigner, NoteSigner]:
        """The note signers: Ed25519, then ML-DSA-44."""
        return (
            NoteSigner(name=self.origin, algorithm=Algorithm.ED25519, seed=self.ed25519),
            NoteSigner(name=self.origin, algorithm=Algorithm.MLDSA44, seed=self.mldsa44),
        )


def sign_checkpoint(checkpoint: Checkpoint, key: LogKey, time: datetime, *more: LogKey) -> str:
    """The checkpoint as a note with both signatures of each key; `time` is when the log says so, UTC.

    The caller has made sure that no other root was ever signed for this size. There is more than one
    key while the log changes from an old one to a new one.
    """
    signatures = [line for each in (key, *more) for line in _sign(checkpoint, each, time)]
    return Note(text=checkpoint.text(), signatures=tuple(signatures)).encode()


def _sign(checkpoint: Checkpoint, key: LogKey, time: datetime) -> tuple[NoteSignature, ...]:
    if checkpoint.origin != key.origin:
        raise FormatError("the key signs for another origin", origin=checkpoint.origin)
    ed25519, mldsa44 = key.signers()
    classic = _signature(ed25519, ed25519.sign(checkpoint.text().encode()))
    return classic, cosign_line(checkpoint, mldsa44, time)


def verify_checkpoint(text: str, vkeys: Sequence[str]) -> Checkpoint:
    """Check a checkpoint against the pinned keys of the log it must come from.

    Every signature line that claims a pinned key must hold, and there must be one for each of the two
    algorithms. While keys are rotated both the old and the new ones are pinned.

    Raises:
        SignatureError: a line that claims a pinned key does not hold.
        MissingSignatureError: no pinned key of an algorithm has signed.
        FormatError: it is no checkpoint, or its origin is not the name of the keys.
    """
    note = read_note(text)
    checkpoint = read_checkpoint(note.text)
    check_signed(note, checkpoint, vkeys)
    pinned = {NoteVerifier.from_vkey(each).algorithm for each in vkeys}
    for algorithm in _LOG_ALGORITHMS:
        if algorithm not in pinned:
            raise MissingSignatureError("a signature is missing", algorithm=algorithm.name)
    return checkpoint


def check_signed(note: Note, checkpoint: Checkpoint, vkeys: Sequence[str]) -> None:
    """Check a note against the keys pinned for one log, which need not be a log of this federation.

    Every line that claims a pinned key must hold, and there must be one for each algorithm among
    the pinned keys. No keys are nobody's.

    Args:
        note: as it was read.
        checkpoint: what its text says.
        vkeys: the keys of the log, named as its origin.

    Raises:
        SignatureError: a line that claims a pinned key does not hold.
        MissingSignatureError: no pinned key of an algorithm has signed.
        FormatError: a key is not of this log, or of a kind that no log signs with.
    """
    verifiers = [NoteVerifier.from_vkey(each) for each in vkeys]
    if any(each.name != checkpoint.origin for each in verifiers):
        raise FormatError("the checkpoint is of another log", origin=checkpoint.origin)
    if any(each.algorithm not in _LOG_ALGORITHMS for each in verifiers):
        raise FormatError("a log does not sign with a key of this type", origin=checkpoint.origin)
    missing = {each.algorithm.name for each in verifiers} or {"any"}
    for verifier in verifiers:
        for signature in verifier.signed(note):
            _check_line(checkpoint, verifier, signature)
            missing.discard(verifier.algorithm.name)
    if missing:
        raise MissingSignatureError("a signature is missing", algorithm=min(missing))


def check_extends(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that `new` is the same log as `old`, grown or equal; size 0 is extended by anything.

    Raises:
        InconsistentLogError: another origin, a smaller tree, or a proof that does not lead there.
    """
    if old.origin != new.origin or new.size < old.size:
        raise InconsistentLogError("the log went back", old=old.size, new=new.size)
    if old.size:
        verify_consistency(old.size, new.size, old.root, new.root, proof)
    elif proof:
        raise InconsistentLogError("an empty log needs no proof", old=0, new=new.size)


def cosign_line(checkpoint: Checkpoint, signer: NoteSigner, time: datetime) -> NoteSignature:
    """A signature line with a time, of type 0x04 or 0x06 as the signer's key is."""
    seconds = int(time.astimezone(UTC).timestamp())
    message = cosigned_message(checkpoint, signer.verifier(), seconds)
    return _signature(signer, _COSIGNED.pack(seconds) + signer.sign(message))


def check_cosignature(
    checkpoint: Checkpoint, verifier: NoteVerifier, signature: NoteSignature
) -> int:
    """Check a signature line with a time (tlog-cosignature, "Format").

    Returns:
        When it was cosigned, in seconds since 1970; 0 says nothing about a time.

    Raises:
        SignatureError: it does not hold, is cut short, or its time is out of range.
    """
    if len(signature.blob) <= _COSIGNED.size:
        raise SignatureError("a cosignature is cut short", name=verifier.name)
    (seconds,) = _COSIGNED.unpack_from(signature.blob)
    if seconds > _MAX_TIME:
        raise SignatureError("a cosignature's time is out of range", name=verifier.name)
    message = cosigned_message(checkpoint, verifier, seconds)
    verifier.verify(message, signature.blob[_COSIGNED.size :])
    return int(seconds)


def cosigned_message(checkpoint: Checkpoint, cosigner: NoteVerifier, seconds: int) -> bytes:
    """What a cosignature signs (tlog-cosignature, "Ed25519" and "ML-DSA-44 signed message")."""
    if cosigner.algorithm is not Algorithm.MLDSA44:
        return f"cosignature/v1\ntime {seconds}\n{checkpoint.text()}".encode()
    name, origin = cosigner.name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\x00",
            struct.pack(">B", len(name)) + name,
            struct.pack(">Q", seconds),
            struct.pack(">B", len(origin)) + origin,
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        )
    )


def _signature(signer: NoteSigner, blob: bytes) -> NoteSignature:
    return NoteSignature(name=signer.name, key_id=signer.verifier().key_id, blob=blob)


def _check_line(checkpoint: Checkpoint, verifier: NoteVerifier, signature: NoteSignature) -> None:
    """Check one line of the log itself against what its algorithm signs."""
    if verifier.algorithm is Algorithm.ED25519:
        verifier.verify(checkpoint.text().encode(), signature.blob)
    else:
        check_cosignature(checkpoint, verifier, signature)
