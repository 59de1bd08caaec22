"""A witness at work: it judges, stores, cosigns; and holds against a log what the log has signed itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from client.clock import Clock
from client.witness.memory import Book, Memory
from shared.protocol.checkpoints import Checkpoint, check_origin, read_checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.digests import sha256
from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.misbehaviour import accuse
from shared.protocol.notes import Algorithm, Note, NoteVerifier, read_note
from shared.protocol.witnessing import (
    PLAIN,
    Reason,
    Refused,
    Submission,
    judge,
    malformed,
    parse_submission,
)

LogKeys = Mapping[str, Sequence[str]]
"""The keys trusted for each log, by its origin."""

EVIDENCE = "evidence"
_CONTRADICTIONS = frozenset({Reason.CONFLICT, Reason.INCONSISTENT, Reason.IMPOSSIBLE_ROOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of HTTP."""

    status: HTTPStatus
    body: str
    content_type: str = PLAIN


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
            return _refusal(malformed(error))
        vkeys = self.logs.get(submission.origin, ())
        if not vkeys:
            return _refusal(Refused(reason=Reason.UNKNOWN_LOG))
        with self.memory.writing() as book:
            head = book.head(submission.origin)
            judged = judge(submission, vkeys, _checkpoint(head) if head else None)
            note = _of_the_log(submission.note, vkeys)
            if isinstance(judged, Refused):
                if judged.signed is not None:
                    self._hold_against(book, judged, submission, note)
                    book.keep(judged.signed, note, self.clock())
                return _refusal(judged)
            self._compare(book.others(judged.checkpoint), note, vkeys)
            lines = cosign(note, self.key, self.clock())
            book.accept(judged.checkpoint, note, note + lines, self.clock())
        return Reply(status=HTTPStatus.OK, body=lines)

    def newest(self, place: str) -> Reply:
        """Show the newest note that was cosigned of a log, by its monitoring path."""
        note = self.memory.newest(place)
        if note is None:
            return Reply(status=HTTPStatus.NOT_FOUND, body="nothing was cosigned of this log\n")
        return Reply(status=HTTPStatus.OK, body=note)

    def _hold_against(self, book: Book, judged: Refused, submission: Submission, note: str) -> None:
        """Find a note that contradicts this one; the proof that came may convict whoever sent it."""
        assert judged.signed is not None
        vkeys, head = self.logs[submission.origin], book.head(submission.origin)
        proven = self._compare(book.others(judged.signed), note, vkeys)
        if judged.reason is Reason.INCONSISTENT and head is not None:
            proven |= self._compare([head], note, vkeys, path=submission.proof)
        if judged.reason in _CONTRADICTIONS and not proven:
            self.alarm(
                f"{submission.origin} signed a tree of {judged.signed.size} entries and did not show "
                f"that it extends the {judged.known} cosigned last; the note is kept"
            )

    def _compare(
        self, others: Iterable[str], note: str, vkeys: Sequence[str], path: Sequence[bytes] = ()
    ) -> bool:
        """Keep the evidence that these notes are against a log, if they are any."""
        proven = False
        for other in others:
            with suppress(ProtocolError):
                found = accuse(_of_the_log(read_note(other), vkeys), note, vkeys=vkeys, path=path)
                self._keep_evidence(other, note, found)
                proven = True
        return proven

    def _keep_evidence(self, one: str, other: str, evidence: bytes) -> None:
        told = sorted((_checkpoint(one), _checkpoint(other)), key=lambda each: each.text())
        digest = sha256("".join(each.text() for each in told).encode()).hex()[:16]
        place = self.folder / EVIDENCE / f"{digest}.misbehaviour.json"
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            write_new(place, evidence, mode=0o644)
        self.alarm(f"{told[0].origin} signed two histories: the evidence is in {place}")


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


def _of_the_log(note: Note, vkeys: Iterable[str]) -> str:
    """The note with one line of each trusted key; what others wrote on it would be kept for ever."""
    lines = [line for vkey in vkeys for line in NoteVerifier.from_vkey(vkey).signed(note)[:1]]
    return Note(text=note.text, signatures=tuple(lines)).encode()


def _checkpoint(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)


def _refusal(refused: Refused) -> Reply:
    return Reply(status=refused.status, body=refused.body, content_type=refused.content_type)
