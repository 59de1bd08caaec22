"""A witness at work: it judges, stores, cosigns; and holds against a log what the log has signed itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from client.clock import Clock
from client.witness.memory import Book, Memory
from shared.protocol.accusations import CONTRADICTIONS, evidence_name, held_against, own_lines
from shared.protocol.checkpoints import Checkpoint, check_origin, read_checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.errors import FormatError
from shared.protocol.notes import Algorithm, NoteVerifier, read_note
from shared.protocol.witnessing import (
    Accepted,
    Reason,
    Refused,
    Reply,
    Submission,
    judge,
    malformed,
    parse_submission,
)

LogKeys = Mapping[str, Sequence[str]]
"""The keys trusted for each log, by its origin."""

EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A witness.

    Attributes:
        key: its own.
        logs: whose checkpoints it cosigns.
        memory: what it cosigned before.
        folder: where `evidence/` lies.
        clock: says when it cosigns.
        alarm: is told in a sentence when a log contradicts itself.
    """

    key: WitnessKey
    logs: LogKeys
    memory: Memory
    folder: Path
    clock: Clock
    alarm: Callable[[str], None]

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer add-checkpoint (C2SP tlog-witness); what is accepted is stored before."""
        try:
            submission = parse_submission(body)
        except FormatError as error:
            return Reply.to(malformed(error))
        vkeys = self.logs.get(submission.origin, ())
        if not vkeys:
            return Reply.to(Refused(reason=Reason.UNKNOWN_LOG))
        with self.memory.writing() as book:
            head = book.head(submission.origin)
            judged = judge(submission, vkeys, _checkpoint(head) if head else None)
            note = own_lines(submission.note, vkeys)
            if isinstance(judged, Refused):
                if judged.signed is not None:
                    proven = self._hold_against(book, submission, judged, judged.signed)
                    book.keep(judged.signed, note, self.clock())
                    self._tell(judged, judged.signed, proven=proven)
                return Reply.to(judged)
            self._hold_against(book, submission, judged, judged.checkpoint)
            lines = cosign(note, self.key, self.clock())
            book.accept(judged.checkpoint, note, note + lines, self.clock())
        return Reply(status=HTTPStatus.OK, body=lines)

    def newest(self, place: str) -> Reply:
        """Show the newest note that was cosigned of a log, by its monitoring path."""
        note = self.memory.newest(place)
        if note is None:
            return Reply(status=HTTPStatus.NOT_FOUND, body="nothing was cosigned of this log\n")
        return Reply(status=HTTPStatus.OK, body=note)

    def _hold_against(
        self, book: Book, submission: Submission, judged: Accepted | Refused, signed: Checkpoint
    ) -> bool:
        """Keep the evidence that a submission completes; give whether there is any."""
        found = held_against(
            submission,
            judged,
            vkeys=self.logs[signed.origin],
            last=book.head(signed.origin),
            others=book.others(signed),
        )
        for evidence in found:
            self._keep_evidence(signed.origin, evidence)
        return bool(found)

    def _tell(self, judged: Refused, signed: Checkpoint, *, proven: bool) -> None:
        if judged.reason in CONTRADICTIONS and not proven:
            self.alarm(
                f"{signed.origin} signed a tree of {signed.size} entries and did not show "
                f"that it extends the {judged.known} cosigned last; the note is kept"
            )

    def _keep_evidence(self, origin: str, evidence: bytes) -> None:
        place = self.folder / EVIDENCE / f"{evidence_name(evidence)}.misbehaviour.json"
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            write_new(place, evidence, mode=0o644)
        self.alarm(f"{origin} signed two histories: the evidence is in {place}")


def trusted_logs(vkeys: Iterable[str]) -> dict[str, list[str]]:
    """Sort the keys of logs by their origins.

    Raises:
        FormatError: one of them is no log's key.
    """
    logs: dict[str, list[str]] = {}
    for vkey in dict.fromkeys(vkeys):
        verifier = NoteVerifier.from_vkey(vkey)
        if verifier.algorithm is Algorithm.ED25519_COSIGNATURE:
            raise FormatError("a log does not sign with a key of this type", name=verifier.name)
        logs.setdefault(check_origin(verifier.name), []).append(vkey)
    return logs


def write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file durably, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _checkpoint(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)
