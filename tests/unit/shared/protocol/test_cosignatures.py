"""Cosignatures, against the example that was worked out with other code (spec/cosignatures.md)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.protocol.canonical import encode
from shared.protocol.checkpoints import LogKey, cosign_line
from shared.protocol.cosignatures import (
    WitnessKey,
    cosign,
    read_cosignatures,
    verify_cosignatures,
)
from shared.protocol.errors import FormatError, SignatureError
from shared.protocol.notes import Algorithm, Note, NoteSignature, NoteVerifier, read_note
from tests.unit.shared.protocol.worked_log import HEAD, KEY, NOTE, ORIGIN, TIME
from tests.unit.shared.protocol.worked_witness import (
    COSIGNED,
    LINE,
    OTHER_WITNESS,
    VKEY,
    WITNESS,
)

SECONDS = 1790000000
LATER = datetime.fromtimestamp(SECONDS + 60, UTC)
NEVER = datetime.fromtimestamp(0, UTC)


def test_the_worked_example_byte_for_byte() -> None:
    assert WITNESS.vkeys()[0] == VKEY
    assert cosign(NOTE, WITNESS, TIME).startswith(LINE)


def test_who_cosigned_and_when() -> None:
    assert verify_cosignatures(COSIGNED, WITNESS.vkeys()) == {WITNESS.name: SECONDS}
    first, second = read_cosignatures(COSIGNED, WITNESS.vkeys())
    assert (first.vkey, second.vkey) == tuple(WITNESS.vkeys())
    assert first.signature.line() == LINE


def test_a_witness_signs_by_both_algorithms() -> None:
    lines = read_note(COSIGNED).signatures[2:]
    assert [len(each.blob) for each in lines] == [8 + 64, 8 + 2420]
    assert [NoteVerifier.from_vkey(each).algorithm for each in WITNESS.vkeys()] == [
        Algorithm.ED25519_COSIGNATURE,
        Algorithm.MLDSA44,
    ]


def test_nobody_asked_for_is_nobody() -> None:
    assert verify_cosignatures(COSIGNED, []) == {}
    assert verify_cosignatures(COSIGNED, OTHER_WITNESS.vkeys()) == {}
    assert verify_cosignatures(NOTE, WITNESS.vkeys()) == {}


@pytest.mark.parametrize("only", [0, 1])
def test_whoever_pins_both_keys_demands_both(only: int) -> None:
    first_or_second = read_note(COSIGNED).signatures[2 + only]
    note = NOTE + first_or_second.line()
    assert verify_cosignatures(note, WITNESS.vkeys()) == {}
    assert verify_cosignatures(note, [WITNESS.vkeys()[only]]) == {WITNESS.name: SECONDS}


def test_while_keys_rotate_one_of_each_algorithm_is_enough() -> None:
    newer = replace(OTHER_WITNESS, name=WITNESS.name)
    both = [*WITNESS.vkeys(), *newer.vkeys()]
    assert verify_cosignatures(COSIGNED, both) == {WITNESS.name: SECONDS}
    assert verify_cosignatures(NOTE + cosign(NOTE, newer, LATER), both) == {
        WITNESS.name: SECONDS + 60
    }


def test_the_newest_line_of_a_key_counts_and_the_older_of_two_keys() -> None:
    again = COSIGNED + cosign(NOTE, WITNESS, LATER)
    assert verify_cosignatures(again, WITNESS.vkeys()) == {WITNESS.name: SECONDS + 60}
    only_one = COSIGNED + cosign(NOTE, WITNESS, LATER).partition("\n")[0] + "\n"
    assert verify_cosignatures(only_one, WITNESS.vkeys()) == {WITNESS.name: SECONDS}


def _flipped(line: NoteSignature, place: int) -> NoteSignature:
    blob = bytearray(line.blob)
    blob[place] ^= 1
    return replace(line, blob=bytes(blob))


@pytest.mark.parametrize("which", [2, 3])
@pytest.mark.parametrize("place", [7, 8, -1])
def test_one_bad_line_refuses_the_whole_note(which: int, place: int) -> None:
    bad = _flipped(read_note(COSIGNED).signatures[which], place)
    for note in (NOTE + bad.line(), COSIGNED + bad.line()):
        with pytest.raises(SignatureError):
            verify_cosignatures(note, WITNESS.vkeys())
        assert verify_cosignatures(note, OTHER_WITNESS.vkeys()) == {}


@pytest.mark.parametrize("which", [2, 3])
@pytest.mark.parametrize("blob", [bytes(8), b"\xff" * 72])
def test_a_line_cut_short_or_out_of_time(which: int, blob: bytes) -> None:
    bad = replace(read_note(COSIGNED).signatures[which], blob=blob)
    with pytest.raises(SignatureError):
        verify_cosignatures(NOTE + bad.line(), WITNESS.vkeys())


@pytest.mark.parametrize("text", [("\n3\n", "\n2\n"), ("Wqx3", "Wqx4"), (ORIGIN, "qn.example/log")])
def test_a_cosignature_is_of_one_head(text: tuple[str, str]) -> None:
    lines = read_note(COSIGNED).signatures[2:]
    for line in lines:
        note = Note(text=HEAD.text().replace(*text), signatures=(line,)).encode()
        with pytest.raises(SignatureError):
            verify_cosignatures(note, WITNESS.vkeys())


def test_a_line_without_a_time_states_nothing() -> None:
    note = NOTE + cosign(NOTE, WITNESS, NEVER)
    assert read_cosignatures(note, WITNESS.vkeys()) == []
    assert verify_cosignatures(note, WITNESS.vkeys()) == {}


def test_a_log_is_no_witness_of_itself() -> None:
    with pytest.raises(FormatError):
        verify_cosignatures(NOTE, [KEY.vkeys()[1]])


def test_a_log_key_is_no_witness_key() -> None:
    log = LogKey(origin=WITNESS.name, ed25519=WITNESS.ed25519, mldsa44=WITNESS.mldsa44)
    with pytest.raises(FormatError):
        verify_cosignatures(COSIGNED, [log.vkeys()[0]])
    with pytest.raises(FormatError):
        WitnessKey.from_bytes(log.to_bytes())


def test_only_a_checkpoint_is_cosigned() -> None:
    line = cosign_line(HEAD, WITNESS.signers()[0], TIME)
    for text in ("a note\n", f"{HEAD.text()}extension\n"):
        note = Note(text=text, signatures=(line,)).encode()
        with pytest.raises(FormatError):
            cosign(note, WITNESS, TIME)
        with pytest.raises(FormatError):
            verify_cosignatures(note, WITNESS.vkeys())


def test_a_key_survives_its_file_and_hides_in_text() -> None:
    made = WitnessKey.generate("witness.qm.example/2026")
    assert WitnessKey.from_bytes(made.to_bytes()) == made
    assert repr(made) == "WitnessKey(name='witness.qm.example/2026')"


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"v": 1},
        {"ed25519": "AA", "mldsa44": "AA", "name": "w", "v": 1},
        {"ed25519": "AA", "mldsa44": "AA", "name": "a b", "v": 1},
        {"ed25519": "AA", "mldsa44": "AA", "name": "w", "v": 2},
    ],
)
def test_what_is_no_key_file(content: object) -> None:
    with pytest.raises(FormatError):
        WitnessKey.from_bytes(encode(content))
