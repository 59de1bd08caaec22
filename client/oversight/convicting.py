"""Evidence against logs: fetch what the node keeps, and check that each file convicts.

Nothing that a file says of itself is believed: its keys must be those that the directory gives the log,
now or in any directory that was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from client.errors import VerificationFailedError
from client.oversight.trusting import Trusted
from client.sdk.records import as_list, as_object, text
from client.sdk.session import Session
from shared.protocol.accusations import accusations, evidence_name
from shared.protocol.canonical import Json, unb64u
from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.errors import ProtocolError
from shared.protocol.misbehaviour import Contradiction, parse_evidence, verify_evidence
from shared.protocol.notes import read_note

SUFFIX: Final = ".misbehaviour.json"
SOURCES: Final = ("/v1/audit/evidence", "/v1/audit/channels/evidence")
"""What our witness found, and what came with entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file proves, and under which name it is kept."""

    name: str
    proven: Contradiction

    @property
    def origin(self) -> str:
        """The log that is convicted."""
        return self.proven.smaller.origin

    def sentence(self) -> str:
        """Say it for people."""
        smaller, larger = self.proven.smaller, self.proven.larger
        if smaller.size == larger.size:
            how = f"gave {smaller.size} entries two roots"
        else:
            how = f"had {smaller.size} entries, and later {larger.size} that do not begin with them"
        return f"{self.origin} signed two histories: it {how}"


def examine(evidence: bytes, vkeys: Sequence[str]) -> Verdict:
    """Check that a file convicts the log whose keys these are, with others' among them or not.

    Raises:
        VerificationFailedError: it does not.
    """
    try:
        proven = verify_evidence(parse_evidence(evidence), pinned=vkeys)
    except ProtocolError as error:
        raise VerificationFailedError(
            f"this convicts nobody: {error.detail}",
            code=error.code,
            next_step="the keys of the log are needed, also those that it had then:"
            " name them with --log, or the mirror or the directory that has them",
        ) from error
    return Verdict(name=evidence_name(evidence), proven=proven)


def origin_of(evidence: bytes) -> str:
    """Say which log a file is about; nothing of it is proven.

    Raises:
        FormatError: it is no evidence.
    """
    return _read(parse_evidence(evidence).smaller).origin


def keys_for(evidence: bytes, trusted: Trusted) -> tuple[str, ...]:
    """Give all keys that the directories ever gave the log that a file is about.

    Raises:
        VerificationFailedError: it is no evidence, or of a log that no directory knows.
    """
    try:
        return trusted.log(origin_of(evidence)).all_vkeys
    except ProtocolError as error:
        raise VerificationFailedError(
            f"this convicts nobody: {error.detail}", code=error.code
        ) from error


def fetch(session: Session, trusted: Trusted) -> list[bytes]:
    """Give all files of evidence that the node keeps, its witness's and its exchange's.

    What the node could no longer put together, since the keys have gone from the directory, is put
    together here from the notes, if an older directory is at hand.
    """
    found: dict[str, bytes] = {}
    for address in SOURCES:
        for each in as_list(as_object(session.get(address)).get("evidence")):
            for evidence in _files(as_object(each), trusted):
                found.setdefault(evidence_name(evidence), evidence)
    return list(found.values())


def _files(told: dict[str, Json], trusted: Trusted) -> list[bytes]:
    if told.get("file") is not None:
        return [unb64u(text(told, "file"))]
    first, second = (str(each) for each in as_list(told.get("notes")))
    return accusations(second, [first], vkeys=trusted.log(_read(first).origin).all_vkeys)


def _read(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)
