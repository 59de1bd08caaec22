"""Evidence that a log showed two histories: two of its signed checkpoints that cannot both be true.

Either they give one size two roots; or the tree of the larger does not begin with that of the smaller,
which the hashes of a consistency path show: they lead to the larger root, and to another smaller one.
Such hashes cannot be made up, so the file convicts the log by its own signatures and nothing else
(spec/misbehaviour.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.protocol.canonical import Json, b64, encode, parse, unb64
from shared.protocol.checkpoints import Checkpoint, check_signed, read_checkpoint
from shared.protocol.errors import FormatError, LogProofError, MissingSignatureError, TrustError
from shared.protocol.members import members_of
from shared.protocol.merkle import HASH_SIZE, roots_of
from shared.protocol.notes import NoteVerifier, read_note

_NAMES = frozenset({"v", "type", "vkeys", "checkpoints", "path"})
_TYPE = "rogatory-misbehaviour"
_MAX_PATH = 64  # hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """As read; nothing about it is proven.

    Attributes:
        vkeys: the log's keys at the time of the checkpoints; whose they are is for others to say.
        smaller: the note of the smaller checkpoint, or of either if their sizes are the same.
        larger: the note of the other.
        path: the hashes over `merkle.path_ranges` in the tree of the larger; none at equal sizes.
    """

    vkeys: tuple[str, ...]
    smaller: str
    larger: str
    path: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What is proven: the log signed both.

    `shown` is the root that the larger one's tree has at the smaller one's size.
    """

    smaller: Checkpoint
    larger: Checkpoint
    shown: bytes


def accuse(one: str, other: str, *, vkeys: Sequence[str], path: Sequence[bytes] = ()) -> bytes:
    """The evidence that two notes of one log are, in either order, as the file that is kept.

    It names those of the log's keys that signed one of them: a later one proves nothing here.

    Raises:
        ProtocolError: they are no evidence (`verify_evidence`).
    """
    smaller, larger = sorted((one, other), key=lambda each: _checkpoint(each).size)
    used = _signing((smaller, larger), vkeys)
    evidence = Evidence(vkeys=used, smaller=smaller, larger=larger, path=tuple(path))
    verify_evidence(evidence, pinned=vkeys)
    value = {
        "v": 1,
        "type": _TYPE,
        "vkeys": evidence.vkeys,
        "checkpoints": [smaller, larger],
        "path": [b64(each) for each in evidence.path],
    }
    return encode(value)


def parse_evidence(data: bytes) -> Evidence:
    """Read a file of evidence.

    Raises:
        FormatError: it is none.
    """
    members = members_of(parse(data), _NAMES)
    if members.number("v") != 1 or members.text("type") != _TYPE:
        raise FormatError("this is no evidence of misbehaviour of this version")
    notes = _texts(members.value["checkpoints"])
    path = tuple(map(unb64, _texts(members.value["path"])))
    if len(notes) != len(("smaller", "larger")) or len(path) > _MAX_PATH:
        raise FormatError("evidence is two checkpoints, and at most 64 hashes")
    if any(len(each) != HASH_SIZE for each in path):
        raise FormatError("a hash of the path is not 32 bytes long")
    vkeys = _texts(members.value["vkeys"])
    return Evidence(vkeys=vkeys, smaller=notes[0], larger=notes[1], path=path)


def verify_evidence(evidence: Evidence, *, pinned: Iterable[str]) -> Contradiction:
    """Check that the log whose keys are pinned signed two checkpoints that contradict each other.

    Args:
        evidence: as read.
        pinned: all keys that the log had at any time, from a source that one trusts.

    Raises:
        TrustError: a key in the file is not pinned.
        MissingSignatureError: an algorithm of the pinned keys has no key in the file.
        SignatureError: a checkpoint was not signed by these keys.
        LogProofError: the checkpoints do not contradict each other.
        FormatError: one of them is no checkpoint, or they are of two logs.
    """
    _check_keys(evidence.vkeys, [*pinned])
    smaller = _signed(evidence.smaller, evidence.vkeys)
    larger = _signed(evidence.larger, evidence.vkeys)
    shown = larger.root
    if smaller.size != larger.size:
        shown, after = roots_of(smaller.size, larger.size, evidence.path)
        if after != larger.root:
            raise LogProofError("the path does not lead to the larger checkpoint's root")
    elif evidence.path:
        raise LogProofError("between equal sizes there is no path")
    if shown == smaller.root:
        raise LogProofError("the checkpoints do not contradict each other", size=smaller.size)
    return Contradiction(smaller=smaller, larger=larger, shown=shown)


def _signing(notes: Iterable[str], vkeys: Sequence[str]) -> tuple[str, ...]:
    read = [read_note(each) for each in notes]
    keys = ((vkey, NoteVerifier.from_vkey(vkey)) for vkey in vkeys)
    return tuple(vkey for vkey, key in keys if any(key.signed(note) for note in read))


def _check_keys(named: Sequence[str], pinned: Sequence[str]) -> None:
    """Whoever breaks one algorithm shall not convict a log that signs with two."""
    if not set(named) <= set(pinned):
        raise TrustError("a key in the evidence is not one of the log's")
    used = [NoteVerifier.from_vkey(each) for each in named]
    names, algorithms = {each.name for each in used}, {each.algorithm for each in used}
    for key in map(NoteVerifier.from_vkey, pinned):
        if key.name in names and key.algorithm not in algorithms:
            raise MissingSignatureError("the evidence lacks a key", algorithm=key.algorithm.name)


def _checkpoint(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)


def _signed(note: str, vkeys: Sequence[str]) -> Checkpoint:
    checkpoint = _checkpoint(note)
    check_signed(read_note(note), checkpoint, vkeys)
    return checkpoint


def _texts(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise FormatError("this member is a list of texts")
    texts = tuple(each for each in value if isinstance(each, str))
    if len(texts) != len(value):
        raise FormatError("this member is a list of texts")
    return texts
