"""Have the mirrored checkpoint cosigned: whoever else the log shows itself to must have seen the same.

A witness says which size it knows; from there the proof is made from the mirror's own tiles. That it knows
a longer log is no alarm while the log itself shows one as long: then the mirror is pulled again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from client.errors import (
    AccessError,
    ClientError,
    MissingError,
    UnavailableError,
    VerificationFailedError,
)
from client.oversight.proving import Mirrored
from client.oversight.site import Site
from shared.protocol.canonical import encode
from shared.protocol.checkpoints import verify_checkpoint
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.digests import sha256
from shared.protocol.errors import ProtocolError
from shared.protocol.notes import Note, NoteVerifier, read_note
from shared.protocol.witnessing import (
    Answer,
    Outcome,
    format_submission,
    parse_submission,
    read_answer,
)

ATTEMPTS: Final = 4  # the witness may cosign for others in between

_REFUSALS: Final[dict[Outcome, tuple[type[ClientError], str]]] = {
    Outcome.STALE: (UnavailableError, "cosigns for others all the time"),
    Outcome.BUSY: (UnavailableError, "is busy"),
    Outcome.UNKNOWN_LOG: (MissingError, "does not know this log"),
    Outcome.UNAUTHORISED: (AccessError, "does not take the log's signature, or not from us"),
    Outcome.GARBAGE: (VerificationFailedError, "did not cosign it by a key that is pinned"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """Who cosigned, and when, in seconds since 1970; by name."""

    url: str
    times: dict[str, int]


def witness(
    found: Mirrored, site: Site, vkeys: Sequence[str], *, present: Callable[[], int]
) -> Witnessed | None:
    """Have a mirror's checkpoint cosigned, and keep the note with the cosignatures.

    Args:
        found: what the mirror proves.
        site: the witness.
        vkeys: the pinned keys; a witness of two keys must sign with both.
        present: asks the log which size it shows now.

    Returns:
        Who cosigned it; None if the log has grown since, and the mirror is to be pulled again.

    Raises:
        VerificationFailedError: the witness has seen another history or a longer one; the evidence
            is kept. Or its answer does not hold.
        ClientError: it did not cosign.
    """
    answer = _submit(found, site, vkeys)
    if answer.outcome is Outcome.COSIGNED:
        return _keep(found, site, answer, vkeys)
    if answer.outcome is Outcome.ROLLBACK and (answer.size or 0) <= present():
        return None
    if answer.outcome in {Outcome.ROLLBACK, Outcome.ROOT_CONFLICT}:
        raise _alarm(found, site, answer)
    kind, words = _REFUSALS[answer.outcome]
    detail = f" ({answer.detail})" if answer.detail else ""
    raise kind(f"the witness {site.url} {words}{detail}", code="not_witnessed")


def _submit(found: Mirrored, site: Site, vkeys: Sequence[str]) -> Answer:
    """Begin with size 0: whoever knows more says so, and the second question is the right one."""
    answer = Answer(outcome=Outcome.STALE, size=0)
    for _ in range(ATTEMPTS):
        if answer.outcome is not Outcome.STALE:
            break
        old = answer.size or 0
        body = format_submission(old, found.consistency(old), found.note)
        sent = parse_submission(body)
        status, said = site.submit(body)
        answer = read_answer(status, said, sent=sent, head=found.checkpoint.size, vkeys=vkeys)
    return answer


def _keep(found: Mirrored, site: Site, answer: Answer, vkeys: Sequence[str]) -> Witnessed:
    sent = read_note(found.note)
    lines = [line for vkey in found.vkeys for line in NoteVerifier.from_vkey(vkey).signed(sent)]
    lines += [each.signature for each in answer.cosignatures]
    note = Note(text=sent.text, signatures=tuple(lines)).encode()
    times = verify_cosignatures(note, vkeys)
    if not times:
        raise VerificationFailedError(
            f"the witness {site.url} signed with one of its keys, and not with the other",
            code="missing_signature",
        )
    found.mirror.keep_checkpoint(note)
    return Witnessed(url=site.url, times=times)


def _alarm(found: Mirrored, site: Site, answer: Answer) -> VerificationFailedError:
    """Keep what proves it: the log's own two signatures, or else what was said."""
    origin, size = found.checkpoint.origin, found.checkpoint.size
    shown = site.shown(origin)
    evidence, signed = None, False
    if shown is not None:
        with suppress(ProtocolError):
            verify_checkpoint(shown, found.vkeys)
            signed = True
            evidence = found.contradiction(shown)
            found.mirror.keep_checkpoint(shown)  # from now on `audit verify` tells of it
    if evidence is not None:
        place = found.keep_evidence(evidence)
    else:
        told = {"v": 1, "witness": site.url, "outcome": answer.outcome.value, "size": answer.size}
        record = encode({**told, "sent": found.note, "shown": shown if signed else None})
        place = f"evidence/{sha256(record).hex()[:16]}.answer.json"
        found.mirror.write(place, record)
    seen = (
        f"has seen {answer.size} entries of {origin}, which now shows {size}"
        if answer.outcome is Outcome.ROLLBACK
        else f"has cosigned another history of {origin} at {answer.size} entries"
    )
    return VerificationFailedError(
        f"ALARM: the witness {site.url} {seen}",
        code="inconsistent_log",
        next_step=f"keep this mirror; the evidence is in {found.mirror.folder / place}",
    )
