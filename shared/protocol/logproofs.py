"""Offline proofs that an entry stands in a log (C2SP tlog-proof).

A proof names the index, lists the hashes from leaf to root and ends with the signed checkpoint, so it
is checked with nothing but the log's pinned keys and the entry itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.protocol.canonical import b64, unb64
from shared.protocol.checkpoints import Checkpoint, read_decimal, verify_checkpoint
from shared.protocol.errors import FormatError
from shared.protocol.merkle import HASH_SIZE, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PATH = 63  # hashes; a tree of 2**63 leaves is not deeper


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """A proof as read; nothing about it is proven."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLeaf:
    """Where a leaf stands, as shown under the log's signatures."""

    index: int
    checkpoint: Checkpoint


def format_proof(index: int, path: Sequence[bytes], checkpoint_text: str) -> str:
    """The proof as it travels; `path` runs from leaf to root, `checkpoint_text` is the signed note."""
    hashes = "".join(f"{b64(each)}\n" for each in path)
    return f"{HEADER}\nindex {index}\n{hashes}\n{checkpoint_text}"


def parse_proof(text: str) -> LogProof:
    """Read a proof. The optional `extra` line is refused: it is unauthenticated and not used here.

    Raises:
        FormatError: it is not a proof of this profile.
    """
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != HEADER or len(lines) == 1 or len(lines) > _MAX_PATH + 2:
        raise FormatError("this is not a log proof")
    word, _, index = lines[1].partition(" ")
    if word != "index":
        raise FormatError("a log proof names its index first")
    path = tuple(map(unb64, lines[2:]))
    if any(len(each) != HASH_SIZE for each in path):
        raise FormatError("a hash of the log proof is not 32 bytes long")
    return LogProof(index=read_decimal(index), path=path, checkpoint=checkpoint)


def verify_log_proof(text: str, leaf: bytes, vkeys: Sequence[str]) -> ProvenLeaf:
    """Check that these leaf bytes stand in the log whose keys are pinned.

    Raises:
        ProofError: a signature does not hold or is missing, or the path leads elsewhere.
        FormatError: it is not a proof, or its checkpoint is of another log.
    """
    proof = parse_proof(text)
    checkpoint = verify_checkpoint(proof.checkpoint, vkeys)
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(leaf), proof.path, checkpoint.root)
    return ProvenLeaf(index=proof.index, checkpoint=checkpoint)
