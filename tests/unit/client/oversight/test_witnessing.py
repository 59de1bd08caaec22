"""What a witness's answer comes to, and what a policy says of the notes that were kept."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typing_extensions import override

from client.errors import (
    AccessError,
    ClientError,
    MissingError,
    UnavailableError,
    VerificationFailedError,
)
from client.oversight.findings import Check, Findings
from client.oversight.mirror import CHECKPOINT, Mirror
from client.oversight.proving import Mirrored, prove
from client.oversight.quorum import check_witnesses
from client.oversight.site import Site
from client.oversight.witnessing import witness
from shared.protocol.checkpoints import cosigned_message
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.notes import NoteSignature
from shared.protocol.policies import parse_policy
from tests.simulated_case import standard_case
from tests.simulated_mirror import write_mirror
from tests.simulated_node import START

KEY = WitnessKey.generate("oversight.example/w1")


@dataclass(frozen=True)
class Scripted(Site):
    """A witness that answers as it is told."""

    answers: Iterator[tuple[int, bytes]]
    note: str | None = None

    @override
    def submit(self, body: bytes) -> tuple[int, bytes]:
        return next(self.answers)

    @override
    def shown(self, origin: str) -> str | None:
        return self.note


@pytest.fixture
def found(tmp_path: Path) -> Mirrored:
    mirror = write_mirror(tmp_path / "m", standard_case(), standard_case().qm)
    return prove(mirror, standard_case().directory[1])


def scripted(*answers: tuple[int, bytes], note: str | None = None) -> Scripted:
    return Scripted("https://w.example", iter(answers), note)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([(409, b"1\n"), (409, b"2\n")] * 2, UnavailableError),
        ([(503, b"")], UnavailableError),
        ([(404, b"")], MissingError),
        ([(403, b"unknown log")], MissingError),
        ([(403, b"")], AccessError),
        ([(200, b"")], VerificationFailedError),
        ([(422, b"")], VerificationFailedError),
        ([(301, b"")], VerificationFailedError),
    ],
)
def test_a_witness_that_does_not_cosign(
    found: Mirrored, answers: list[tuple[int, bytes]], kind: type[ClientError]
) -> None:
    with pytest.raises(kind) as refused:
        witness(found, scripted(*answers), KEY.vkeys(), present=lambda: 0)
    assert refused.value.code == "not_witnessed"
    assert not (found.mirror.folder / "evidence").exists()


def test_whoever_pins_two_keys_demands_both(found: Mirrored) -> None:
    first = cosign(found.note, KEY, START).splitlines(keepends=True)[0].encode()
    with pytest.raises(VerificationFailedError, match="and not with the other"):
        witness(found, scripted((200, first)), KEY.vkeys(), present=lambda: 0)


@pytest.mark.parametrize("note", [None, "nonsense", "stranger"])
def test_what_a_witness_says_and_cannot_show_is_kept_as_that(
    found: Mirrored, note: str | None
) -> None:
    shown = standard_case().qn.checkpoint() if note == "stranger" else note
    kept = len(list(found.mirror.checkpoints()))
    with pytest.raises(VerificationFailedError) as alarm:
        witness(found, scripted((409, b"999\n"), note=shown), KEY.vkeys(), present=lambda: 998)
    assert alarm.value.code == "inconsistent_log"
    (place,) = (found.mirror.folder / "evidence").glob("*.answer.json")
    assert b'"shown":null' in place.read_bytes()
    assert len(list(found.mirror.checkpoints())) == kept
    said = scripted((409, b"999\n"))
    assert witness(found, said, KEY.vkeys(), present=lambda: 999) is None


def policy(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def checked(mirror: Mirror, told: bytes) -> Findings:
    findings = Findings()
    check_witnesses(mirror, parse_policy(told), findings, said_by="us")
    return findings


def test_the_newest_line_of_each_key_counts(found: Mirrored) -> None:
    wanted = policy(f"witness w {KEY.vkeys()[0]}", "quorum w")
    for year in (2031, 2032, 2030):
        lines = cosign(found.note, KEY, datetime(year, 1, 1, tzinfo=UTC))
        found.mirror.keep_checkpoint(found.note + lines)
    assert "w at 2032-01-01" in checked(found.mirror, wanted).details[Check.WITNESSES]
    assert checked(found.mirror, policy("quorum none")).details[Check.WITNESSES] == (
        "none is asked for by us"
    )
    other = WitnessKey.generate("x.example/w").vkeys()[0]
    (failure,) = checked(found.mirror, policy(f"witness x {other}", "quorum x")).failures
    assert (failure.place, failure.detail.endswith("missing: x")) == (CHECKPOINT, True)


def test_a_time_that_no_calendar_has_is_shown_as_it_is(found: Mirrored) -> None:
    wanted = policy(f"witness w {KEY.vkeys()[0]}", "quorum w")
    signer, seconds = KEY.signers()[0], 2**60
    message = cosigned_message(found.checkpoint, signer.verifier(), seconds)
    line = NoteSignature(
        name=KEY.name,
        key_id=signer.verifier().key_id,
        blob=struct.pack(">Q", seconds) + signer.sign(message),
    )
    found.mirror.keep_checkpoint(found.note + line.line())
    assert checked(found.mirror, wanted).details[Check.WITNESSES] == f"w at second {seconds}"
