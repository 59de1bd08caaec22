"""Signed notes, against the specification's own example."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import notes
from shared.protocol.canonical import b64, unb64
from shared.protocol.errors import FormatError, SignatureError
from shared.protocol.notes import Algorithm, NoteSigner, NoteVerifier, read_note

# C2SP signed-note, "Example"
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
LINE = (
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
    "HjG1Yu72IneyaQM=\n"
)
NOTE = f"{TEXT}\n{LINE}"


def test_the_example_of_the_specification() -> None:
    note = read_note(NOTE)
    verifier = NoteVerifier.from_vkey(VKEY)
    (signature,) = verifier.signed(note)
    verifier.verify(note.text.encode(), signature.blob)
    assert note.text == TEXT
    assert note.encode() == NOTE
    assert verifier.vkey() == VKEY


def test_another_text_does_not_hold() -> None:
    note = read_note(NOTE)
    verifier = NoteVerifier.from_vkey(VKEY)
    with pytest.raises(SignatureError):
        verifier.verify(b"This is another message.\n", verifier.signed(note)[0].blob)


def test_a_text_may_have_blank_lines() -> None:
    assert read_note(f"one\n\ntwo\n\n{LINE}").text == "one\n\ntwo\n"


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_a_signer_signs_its_verifier_takes(algorithm: Algorithm) -> None:
    signer = NoteSigner(name="qm.example/log", algorithm=algorithm, seed=bytes(32))
    verifier = NoteVerifier.from_vkey(signer.verifier().vkey())
    verifier.verify(b"message", signer.sign(b"message"))
    with pytest.raises(SignatureError):
        verifier.verify(b"massage", signer.sign(b"message"))


@pytest.mark.parametrize(
    "data",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n{LINE[:-1]}",
        f"{TEXT}{LINE}",
        f"{TEXT}\n{LINE}\n",
        f"tab\there\n\n{LINE}",
        f"return\r\n\n{LINE}",
        f"{TEXT}\n{LINE.replace('—', '-')}",
        f"{TEXT}\n{LINE.replace('— ', '—')}",
        f"{TEXT}\n{LINE.replace('example.com', 'example+com')}",
        f"{TEXT}\n" + LINE.replace("example.com", "example\u2003com"),
        f"{TEXT}\n— example.com/foo Uw2QOg==\n",
        f"{TEXT}\n— example.com/foo Uw2QOk\n",
        f"{TEXT}\n— example.com/foo Uw2Q Ok==\n",
        f"{TEXT}\n" + LINE * 700,
        f"{TEXT}\n" + LINE.replace("example", "\u00e9" * 128),
        f"{TEXT}\n" + LINE.replace("example", "\ud800"),
        f"\udfff{TEXT}\n{LINE}",
    ],
)
def test_what_is_no_signed_note(data: str) -> None:
    with pytest.raises(FormatError):
        read_note(data)


def _mangled() -> list[str]:
    name, key_id, material = VKEY.split("+", 2)
    key = unb64(material)
    return [
        "",
        name,
        f"{name}+{key_id}",
        f"{name}+{key_id.upper()}+{material}",
        f"{name}+00000000+{material}",
        f"other+{key_id}+{material}",
        f"example com+{key_id}+{material}",
        f"\x01{name}+{key_id}+{material}",
        f"{name}+{key_id}+{material[:-1]}",
        f"{name}+{key_id}+",
        f"{name}+{key_id}+{b64(key[:-1])}",
        f"{name}+{key_id}+{b64(bytes([2]) + key[1:])}",
        # transparency-dev/formats, note_cosigv1_test.go: its key id is not that of the key.
        f"{name}+5893dc2c+{b64(bytes([6]) + bytes(1312))}",
        f"{VKEY}\n",
        "\u00e9" * 128 + f"+{key_id}+{material}",  # 256 bytes
        f"\ud800+{key_id}+{material}",
    ]


@pytest.mark.parametrize("vkey", _mangled())
def test_what_is_no_verifier_key(vkey: str) -> None:
    with pytest.raises(FormatError):
        NoteVerifier.from_vkey(vkey)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FormatError):
        assert read_note(text).encode() == text


def test_lines_of_unknown_keys_are_nobodys() -> None:
    stranger = NoteSigner(name="example.com/foo", algorithm=Algorithm.ED25519, seed=bytes(32))
    assert stranger.verifier().signed(read_note(NOTE)) == []
    assert notes.MAX_NOTE > 16 * 3300  # sixteen ML-DSA-44 lines
