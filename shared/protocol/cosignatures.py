"""Cosignatures: a witness states that this was the largest consistent tree it had seen of a log, and when.

C2SP tlog-cosignature. A witness here signs twice, like a log: an Ed25519 cosignature (type 0x04) and an
ML-DSA-44 one (0x06). What exactly is signed stands in `checkpoints`, since a log's own second signature
is of the same form.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_bytes

from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.checkpoints import (
    Checkpoint,
    check_cosignature,
    check_origin,
    cosign_line,
    read_checkpoint,
)
from shared.protocol.errors import FormatError
from shared.protocol.notes import Algorithm, NoteSignature, NoteSigner, NoteVerifier, read_note

COSIGNATURES = (Algorithm.ED25519_COSIGNATURE, Algorithm.MLDSA44)
"""What a witness signs with, in the order in which its lines stand."""

_SEED_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKey:
    """A witness's two private keys, under its name; they sign nothing else, and no log has them.

    An Ed25519 cosignature does not say whose it is: two names MUST NOT share a key.
    """

    name: str
    ed25519: bytes = field(repr=False)
    mldsa44: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> "WitnessKey":
        """New keys for a new witness."""
        seeds = {"ed25519": token_bytes(_SEED_SIZE), "mldsa44": token_bytes(_SEED_SIZE)}
        return cls(name=check_origin(name), **seeds)

    @classmethod
    def from_bytes(cls, data: bytes) -> "WitnessKey":
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: it is something else, a log's key for example.
        """
        match parse(data):
            case {"ed25519": str(first), "mldsa44": str(second), "name": str(name), "v": 1}:
                key = cls(name=check_origin(name), ed25519=unb64u(first), mldsa44=unb64u(second))
            case _:
                raise FormatError("this is not a witness key")
        if {len(key.ed25519), len(key.mldsa44)} != {_SEED_SIZE}:
            raise FormatError("this is not a witness key")
        return key

    def to_bytes(self) -> bytes:
        """Both seeds and the name, as canonical JSON; secret."""
        seeds = {"ed25519": b64u(self.ed25519), "mldsa44": b64u(self.mldsa44)}
        return encode({**seeds, "name": self.name, "v": 1})

    def vkeys(self) -> list[str]:
        """The two verifier keys that policies name."""
        return [each.verifier().vkey() for each in self.signers()]

    def signers(self) -> tuple[NoteSigner, NoteSigner]:
        """The note signers: Ed25519 cosignature, then ML-DSA-44."""
        ed25519, mldsa44 = COSIGNATURES
        return (
            NoteSigner(name=self.name, algorithm=ed25519, seed=self.ed25519),
            NoteSigner(name=self.name, algorithm=mldsa44, seed=self.mldsa44),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A cosignature that holds: by the key `vkey`, at `time` (seconds since 1970, never 0)."""

    vkey: str
    name: str
    time: int
    signature: NoteSignature


def cosign(note: str, key: WitnessKey, time: datetime) -> str:
    """The witness's signature lines for a checkpoint note; they may be appended to it.

    The caller has checked that the checkpoint extends what it cosigned before (`witnessing.judge`),
    and has stored that it will cosign this one.

    Raises:
        FormatError: it is no checkpoint.
    """
    checkpoint = read_checkpoint(read_note(note).text)
    return "".join(cosign_line(checkpoint, each, time).line() for each in key.signers())


def read_cosignatures(note: str, vkeys: Iterable[str]) -> list[Cosignature]:
    """Check every line of a note that claims one of the witnesses' keys; others are nobody's.

    A line without a time (0) holds, but states nothing about the tree being the largest: it is left
    out. How old a time may be, and how far ahead of one's own clock, is for the caller to say.

    Raises:
        SignatureError: a line that claims one of the keys does not hold; then nothing on it counts.
        FormatError: it is no checkpoint, or a key is none of a witness of this log.
    """
    parsed = read_note(note)
    checkpoint = read_checkpoint(parsed.text)
    found = []
    for vkey in dict.fromkeys(vkeys):
        verifier = _cosigner(vkey, checkpoint)
        for line in verifier.signed(parsed):
            time = check_cosignature(checkpoint, verifier, line)
            found.append(Cosignature(vkey=vkey, name=verifier.name, time=time, signature=line))
    return [each for each in found if each.time]


def verify_cosignatures(note: str, vkeys: Iterable[str]) -> dict[str, int]:
    """Who has cosigned a note, and when, in seconds since 1970.

    A name counts if a line holds for each algorithm among its given keys: whoever pins both demands
    both, and a key that is being replaced may stand beside its successor. Its time is then the
    earliest of the newest line of each algorithm.

    Raises:
        SignatureError: a line that claims one of the keys does not hold.
        FormatError: it is no checkpoint, or a key is none of a witness of this log.
    """
    pinned = [*vkeys]
    times: dict[tuple[str, Algorithm], int] = {}
    for each in read_cosignatures(note, pinned):
        signed = each.name, NoteVerifier.from_vkey(each.vkey).algorithm
        times[signed] = max(each.time, times.get(signed, 0))
    demanded = {(key.name, key.algorithm) for key in map(NoteVerifier.from_vkey, pinned)}
    incomplete = {name for name, _ in demanded - times.keys()}
    return {
        name: min(time for (signer, _), time in times.items() if signer == name)
        for name, _ in times
        if name not in incomplete
    }


def _cosigner(vkey: str, checkpoint: Checkpoint) -> NoteVerifier:
    verifier = NoteVerifier.from_vkey(vkey)
    if verifier.algorithm not in COSIGNATURES:
        raise FormatError("a witness does not sign with a key of this type", name=verifier.name)
    if verifier.name == checkpoint.origin:
        raise FormatError("a log is no witness of itself", name=verifier.name)
    return verifier
