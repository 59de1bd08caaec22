"""Check 11: the witnesses that a policy (C2SP tlog-policy) asks for have cosigned the newest checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime

from client.oversight.findings import Check, Findings
from client.oversight.mirror import CHECKPOINT, Mirror
from shared.protocol.checkpoints import check_signed, read_checkpoint
from shared.protocol.errors import MissingSignatureError, ProtocolError
from shared.protocol.notes import Note, NoteSignature, NoteVerifier, read_note
from shared.protocol.policies import Policy, check_quorum, cosigners


def check_witnesses(mirror: Mirror, policy: Policy, findings: Findings, *, said_by: str) -> None:
    """Check the newest checkpoint, with the lines of all notes of it that were ever kept.

    `said_by` names the policy to people.

    A policy that names logs must name this one, and the keys that it gives must have signed.
    """
    with findings.noting(Check.WITNESSES, CHECKPOINT):
        note = with_all_lines(mirror, policy)
        checkpoint = read_checkpoint(note.text)
        if policy.logs:
            check_signed(note, checkpoint, policy.log_vkeys(checkpoint.origin))
        try:
            found = check_quorum(policy, note.encode())
        except MissingSignatureError as error:
            missing = {each.name for each in policy.witnesses} - cosigners(
                policy, note.encode()
            ).keys()
            detail = f"{error.detail} ({_shown(policy.quorum)}, by {said_by}); missing: "
            findings.fail(Check.WITNESSES, CHECKPOINT, detail + _listed(missing))
        else:
            who = [f"{_shown(name)} at {_time(time)}" for name, time in sorted(found.items())]
            told = ", ".join(who) or f"none is asked for by {said_by}"
            before = findings.details.get(Check.WITNESSES)
            findings.details[Check.WITNESSES] = f"{before}; {told}" if before else told


def with_all_lines(mirror: Mirror, policy: Policy) -> Note:
    """The newest checkpoint with the log's own lines, and the newest of each witness of the policy."""
    newest = read_note(mirror.read(CHECKPOINT).decode("utf-8", "replace"))
    origin = newest.text.partition("\n")[0]
    keys = [NoteVerifier.from_vkey(each.vkey) for each in policy.witnesses]
    best: dict[tuple[str, bytes], NoteSignature] = {}
    for note in [newest, *_notes(mirror)]:
        if note.text == newest.text:
            for line in (line for key in keys for line in key.signed(note)):
                known = best.setdefault((line.name, line.key_id), line)
                if line.blob > known.blob:  # it begins with the time
                    best[line.name, line.key_id] = line
    own = [line for line in newest.signatures if line.name == origin]
    return Note(text=newest.text, signatures=(*own, *best.values()))


def _notes(mirror: Mirror) -> list[Note]:
    notes = []
    for _, text in mirror.checkpoints():
        try:
            notes.append(read_note(text))
        except ProtocolError:
            continue  # check 2 tells of it
    return notes


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(map(_shown, names))) or "nobody"


def _shown(name: str) -> str:
    """A policy's names are octets; what is no UTF-8 is shown as such."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
