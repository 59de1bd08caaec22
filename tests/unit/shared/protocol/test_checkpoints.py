"""Checkpoints, against the example that was worked out with other code (spec/checkpoints.md)."""

from hashlib import sha256

import pytest

from shared.protocol import merkle
from shared.protocol.canonical import b64, encode
from shared.protocol.checkpoints import (
    Checkpoint,
    LogKey,
    check_extends,
    check_signed,
    cosigned_message,
    read_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from shared.protocol.errors import (
    FormatError,
    InconsistentLogError,
    MissingSignatureError,
    SignatureError,
)
from shared.protocol.notes import Algorithm, Note, NoteSignature, NoteSigner, read_note
from tests.unit.shared.protocol.worked_log import HEAD, KEY, LEAVES, NOTE, ORIGIN, TIME

VKEY = "audit.xx.example/log/2026+76d13171+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
LINE = (
    "— audit.xx.example/log/2026 dtExccqhFGMlzpJoGl8VDbuHURHKAnE21mP+msQZG8T0hTVha34gTmilglbr3eaZ1jUE"
    "vMm9hPekn+6qcz0lUQiTEgM=\n"
)
COSIGNED = (
    "737562747265652f76310a00157769746e6573732e7a7a2e6578616d706c652f7731000000006ab13b801961756469742e"
    "78782e6578616d706c652f6c6f672f32303236000000000000000000000000000000035aac771c899ac292e74bf1afe2e6e3"
    "02f8b55883b2d1bf197b46a6bea6dabca9"
)


def test_the_worked_example_byte_for_byte() -> None:
    text = f"{ORIGIN}\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n"
    assert KEY.vkeys()[0] == VKEY
    assert NOTE.startswith(f"{text}\n{LINE}")


def test_the_message_of_the_worked_cosignature() -> None:
    witness = NoteSigner(
        name="witness.zz.example/w1", algorithm=Algorithm.MLDSA44, seed=bytes(range(0x40, 0x60))
    ).verifier()
    assert cosigned_message(HEAD, witness, 1790000000).hex() == COSIGNED
    known = "6c1c65071979225a139b3ec84688e2688ec30fabe8cc510cb688bc435f2d3cb9"
    assert (sha256(witness.public).hexdigest(), witness.key_id.hex()) == (known, "5877667d")


def test_both_signatures_hold() -> None:
    assert verify_checkpoint(NOTE, KEY.vkeys()) == HEAD
    note = read_note(NOTE)
    assert [each.name for each in note.signatures] == [ORIGIN, ORIGIN]


def _lines() -> tuple[NoteSignature, NoteSignature]:
    first, second = read_note(NOTE).signatures
    return first, second


def _note(*signatures: NoteSignature, text: str = HEAD.text()) -> str:
    return Note(text=text, signatures=signatures).encode()


@pytest.mark.parametrize("missing", [0, 1])
def test_one_signature_is_not_enough(missing: int) -> None:
    with pytest.raises(MissingSignatureError):
        verify_checkpoint(_note(_lines()[1 - missing]), KEY.vkeys())


def test_a_stranger_alone_is_nobody() -> None:
    stranger = LogKey(origin=ORIGIN, ed25519=bytes(32), mldsa44=bytes(32))
    with pytest.raises(MissingSignatureError):
        verify_checkpoint(sign_checkpoint(HEAD, stranger, TIME), KEY.vkeys())


def test_a_stranger_beside_is_ignored() -> None:
    stranger = LogKey(origin=ORIGIN, ed25519=bytes(32), mldsa44=bytes(32))
    theirs = read_note(sign_checkpoint(HEAD, stranger, TIME)).signatures
    assert verify_checkpoint(_note(*_lines(), *theirs), KEY.vkeys()) == HEAD


def test_while_keys_rotate_both_are_pinned() -> None:
    newer = LogKey(origin=ORIGIN, ed25519=bytes(32), mldsa44=bytes(32))
    for key in (KEY, newer):
        note = sign_checkpoint(HEAD, key, TIME)
        assert verify_checkpoint(note, [*KEY.vkeys(), *newer.vkeys()]) == HEAD


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("at", [0, 8, -1])
def test_a_flipped_bit_in_a_signature(which: int, at: int) -> None:
    lines = list(_lines())
    blob = bytearray(lines[which].blob)
    blob[at] ^= 1
    lines[which] = NoteSignature(name=ORIGIN, key_id=lines[which].key_id, blob=bytes(blob))
    with pytest.raises(SignatureError):
        verify_checkpoint(_note(*lines), KEY.vkeys())


def test_a_good_line_does_not_cover_a_bad_one() -> None:
    first, second = _lines()
    bad = NoteSignature(name=ORIGIN, key_id=first.key_id, blob=bytes(64))
    with pytest.raises(SignatureError):
        verify_checkpoint(_note(first, bad, second), KEY.vkeys())


@pytest.mark.parametrize("blob", [b"\0" * 8, b"\xff" * (8 + 2420)])
def test_a_cosignature_cut_short_or_out_of_time(blob: bytes) -> None:
    first, second = _lines()
    bad = NoteSignature(name=ORIGIN, key_id=second.key_id, blob=blob)
    with pytest.raises(SignatureError):
        verify_checkpoint(_note(first, bad), KEY.vkeys())


@pytest.mark.parametrize(
    "text",
    [
        HEAD.text().replace("\n3\n", "\n4\n"),
        HEAD.text().replace("Wqx3", "Wqx4"),
    ],
)
def test_another_head_under_the_same_signatures(text: str) -> None:
    with pytest.raises(SignatureError):
        verify_checkpoint(_note(*_lines(), text=text), KEY.vkeys())


def test_the_log_of_another_country() -> None:
    other = LogKey.generate("qn.example/log")
    with pytest.raises(FormatError):
        verify_checkpoint(NOTE, other.vkeys())
    with pytest.raises(FormatError):
        sign_checkpoint(HEAD, other, TIME)


def test_a_witness_key_is_no_log_key() -> None:
    witness = NoteSigner(
        name=ORIGIN, algorithm=Algorithm.ED25519_COSIGNATURE, seed=bytes(range(32))
    )
    with pytest.raises(FormatError):
        verify_checkpoint(NOTE, [*KEY.vkeys(), witness.verifier().vkey()])


@pytest.mark.parametrize("which", [0, 1])
def test_a_log_of_one_key_is_not_of_this_federation(which: int) -> None:
    note, only = read_note(NOTE), KEY.vkeys()[which]
    check_signed(note, HEAD, [only])
    with pytest.raises(MissingSignatureError):
        verify_checkpoint(NOTE, [only])
    with pytest.raises(MissingSignatureError):
        check_signed(note, HEAD, [])


EMPTY = b64(merkle.EMPTY_ROOT)
ROOT = b64(HEAD.root)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{ORIGIN}\n3\n{ROOT}",
        f"{ORIGIN}\n3\n{ROOT}\nextension\n",
        f"{ORIGIN}\n03\n{ROOT}\n",
        f"{ORIGIN}\n+3\n{ROOT}\n",
        f"{ORIGIN}\n 3\n{ROOT}\n",
        f"{ORIGIN}\n\u0663\n{ROOT}\n",
        f"{ORIGIN}\n1_0\n{ROOT}\n",
        f"{ORIGIN}\n{10**16}\n{ROOT}\n",
        f"{ORIGIN}\n3\n{b64(HEAD.root[:31])}\n",
        f"{ORIGIN}\n3\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n0\n{ROOT}\n",
        f"{ORIGIN}\n3\n{EMPTY}\n",
        f"\n3\n{ROOT}\n",
        f"a b\n3\n{ROOT}\n",
        f"a+b\n3\n{ROOT}\n",
        f"é\n3\n{ROOT}\n",
        f"{'a' * 129}\n3\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(FormatError):
        read_checkpoint(text)


def test_the_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=merkle.EMPTY_ROOT)
    assert read_checkpoint(empty.text()) == empty


def test_a_key_survives_its_file() -> None:
    made = LogKey.generate(ORIGIN)
    assert LogKey.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"v": 1},
        {"ed25519": "AA", "mldsa44": "AA", "origin": ORIGIN, "v": 1},
        {"ed25519": "AA", "mldsa44": "AA", "origin": "a b", "v": 1},
        {"ed25519": "AA", "mldsa44": "AA", "origin": ORIGIN, "v": 2},
    ],
)
def test_what_is_no_key_file(content: object) -> None:
    with pytest.raises(FormatError):
        LogKey.from_bytes(encode(content))


def _head(size: int) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=merkle.root(LEAVES[:size]))


def _proof(old: int, new: int) -> list[bytes]:
    frontier = merkle.Frontier()
    nodes: dict[merkle.Node, bytes] = {}
    for leaf in LEAVES[:new]:
        nodes.update(frontier.add(leaf))
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), nodes)


def test_a_log_that_grew_extends_itself() -> None:
    check_extends(_head(2), _head(3), _proof(2, 3))
    check_extends(_head(3), _head(3), [])
    check_extends(_head(0), _head(3), [])
    check_extends(_head(0), _head(0), [])


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        (_head(3), _head(2), []),
        (_head(2), _head(3), []),
        (_head(1), _head(3), _proof(2, 3)),
        (_head(0), _head(3), _proof(2, 3)),
        (Checkpoint(origin="other", size=3, root=HEAD.root), HEAD, []),
        (Checkpoint(origin=ORIGIN, size=3, root=bytes(32)), HEAD, []),
    ],
)
def test_a_log_that_went_back_or_sideways(
    old: Checkpoint, new: Checkpoint, proof: list[bytes]
) -> None:
    with pytest.raises(InconsistentLogError):
        check_extends(old, new, proof)
