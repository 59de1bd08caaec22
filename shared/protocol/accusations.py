"""What a witness makes of a submission: the note worth keeping, and the evidence that it completes.

A witness keeps every note that the log's keys signed, whether it cosigned it or not (spec/witnessing.md,
2). Each new one is held against those of the same size, and its proof against the note cosigned last.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256

from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.errors import ProtocolError
from shared.protocol.misbehaviour import accuse, parse_evidence
from shared.protocol.notes import Note, NoteVerifier, read_note
from shared.protocol.witnessing import Accepted, Reason, Refused, Submission

CONTRADICTIONS = frozenset({Reason.CONFLICT, Reason.INCONSISTENT, Reason.IMPOSSIBLE_ROOT})
"""Refusals that say of a log that it is no longer the one it was."""

_NAME_SIZE = 16  # hexadecimal digits


def own_lines(note: Note, vkeys: Iterable[str]) -> str:
    """The note with one line of each of these keys: what others wrote on it would be kept for ever."""
    lines = [line for vkey in vkeys for line in NoteVerifier.from_vkey(vkey).signed(note)[:1]]
    return Note(text=note.text, signatures=tuple(lines)).encode()


def accusations(
    note: str, others: Iterable[str], *, vkeys: Sequence[str], path: Sequence[bytes] = ()
) -> list[bytes]:
    """The files of evidence that a note makes with those others that it contradicts.

    Args:
        note: signed by the log.
        others: further notes; those of other logs, without the log's signatures, or in agreement
            make none.
        vkeys: all keys that the log had at the times of these notes.
        path: leads between the sizes, where they differ (`misbehaviour.Evidence`).
    """
    found = []
    for other in others:
        with suppress(ProtocolError):
            clean = own_lines(read_note(other), vkeys)
            found.append(accuse(clean, note, vkeys=vkeys, path=path))
    return found


def held_against(
    submission: Submission,
    judged: Accepted | Refused,
    *,
    vkeys: Sequence[str],
    last: str | None,
    others: Iterable[str],
) -> list[bytes]:
    """The files of evidence that a submission completes.

    Args:
        submission: what came.
        judged: what was decided; the log's signatures hold.
        vkeys: all keys that the log had at the times of these notes.
        last: the note cosigned last: a proof that leads from another tree convicts its sender.
        others: the notes kept of this size with other roots.
    """
    note = own_lines(submission.note, vkeys)
    found = accusations(note, others, vkeys=vkeys)
    if isinstance(judged, Refused) and judged.reason is Reason.INCONSISTENT and last is not None:
        found += accusations(note, [last], vkeys=vkeys, path=submission.proof)
    return found


def evidence_name(evidence: bytes) -> str:
    """A name for what a file of evidence proves, the same whoever signed and stored it when.

    Raises:
        FormatError: it is no evidence.
    """
    read = parse_evidence(evidence)
    told = sorted(_checkpoint(each).text() for each in (read.smaller, read.larger))
    return sha256("".join(told).encode()).hexdigest()[:_NAME_SIZE]


def _checkpoint(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)
