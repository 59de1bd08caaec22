"""What vectors there are for witnesses: cosignatures, submissions and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from shared.protocol import merkle
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.notes import Note, NoteSignature, read_note
from shared.protocol.witnessing import TLOG_SIZE, format_submission
from tests.unit.shared.protocol.worked_log import HEAD, KEY, LEAVES, NOTE, TIME
from tests.unit.shared.protocol.worked_witness import OTHER_WITNESS, WITNESS
from tests.vectors.leaf_catalogue import rows_of
from tests.vectors.material import Members, Vector, given

Make = Callable[[], Members]
SECONDS = 1790000000
LINES = read_note(NOTE + cosign(NOTE, WITNESS, TIME)).signatures[2:]
LATER = datetime.fromtimestamp(SECONDS + 60, UTC)
NEVER = datetime.fromtimestamp(0, UTC)


def flipped(signature: NoteSignature, place: int) -> NoteSignature:
    blob = bytearray(signature.blob)
    blob[place] ^= 1
    return replace(signature, blob=bytes(blob))


def _cosigned(
    *lines: NoteSignature,
    vkeys: Sequence[str] = tuple(WITNESS.vkeys()),
    time: int | None = SECONDS,
    text: str = HEAD.text(),
) -> Make:
    note = Note(text=text, signatures=(*read_note(NOTE).signatures, *lines)).encode()
    times = {} if time is None else {WITNESS.name: time}
    return given(note=note, vkeys=list(vkeys), times=times)


def again(key: WitnessKey, time: datetime) -> tuple[NoteSignature, ...]:
    return read_note(NOTE + cosign(NOTE, key, time)).signatures[2:]


def cosignatures() -> list[Vector]:
    ed25519, mldsa44 = LINES
    newer = WitnessKey(name=WITNESS.name, ed25519=bytes(32), mldsa44=bytes(32))
    return rows_of(
        "cosignatures",
        [
            ("good", "ok", "both algorithms, one time", _cosigned(*LINES)),
            ("one-key", "ok", "only what is pinned is demanded",
             _cosigned(ed25519, vkeys=WITNESS.vkeys()[:1])),
            ("half", "ok", "whoever pins both keys demands both", _cosigned(mldsa44, time=None)),
            ("stranger", "ok", "unknown keys are ignored",
             _cosigned(*again(OTHER_WITNESS, TIME), time=None)),
            ("rotated", "ok", "one of each algorithm, while keys are replaced",
             _cosigned(*LINES, vkeys=[*WITNESS.vkeys(), *newer.vkeys()])),
            ("again", "ok", "the newest line of a key counts",
             _cosigned(*LINES, *again(WITNESS, LATER), time=SECONDS + 60)),
            ("no-time", "ok", "without a time nothing is said of the largest tree",
             _cosigned(*again(WITNESS, NEVER), time=None)),
            ("flipped-ed25519", "bad_signature", "one bit", _cosigned(flipped(ed25519, 9), mldsa44)),
            ("flipped-ml-dsa-44", "bad_signature", "one bit",
             _cosigned(ed25519, flipped(mldsa44, 99))),
            ("other-time", "bad_signature", "the time is signed",
             _cosigned(flipped(ed25519, 7), mldsa44)),
            ("good-and-bad", "bad_signature", "one bad line refuses the note",
             _cosigned(*LINES, flipped(ed25519, 9))),
            ("cut-short", "bad_signature", "a time and nothing behind it",
             _cosigned(replace(ed25519, blob=ed25519.blob[:8]))),
            ("late-time", "bad_signature", "times end below 2**63",
             _cosigned(replace(ed25519, blob=b"\xff" + ed25519.blob[1:]))),
            ("other-size", "bad_signature", "the head is signed",
             _cosigned(*LINES, text=HEAD.text().replace("\n3\n", "\n2\n"))),
            ("log-key", "malformed", "a log's key cosigns nothing",
             _cosigned(*LINES, vkeys=KEY.vkeys()[:1])),
            ("own-log", "malformed", "a log is no witness of itself",
             _cosigned(*LINES, vkeys=KEY.vkeys()[1:])),
        ],
    )  # fmt: skip


def head(size: int) -> Checkpoint:
    return replace(HEAD, size=size, root=merkle.root(LEAVES[:size]))


def _proof(old: int, new: int) -> list[bytes]:
    frontier = merkle.Frontier()
    nodes = {node: made for leaf in LEAVES[:new] for node, made in frontier.add(leaf)}
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), nodes)


STALE_TYPE = {"type": TLOG_SIZE}


def _submitted(
    body: bytes,
    last: Checkpoint | None,
    status: int,
    told: str | None = None,
    *,
    known: bool = True,
) -> Make:
    stored = last and {"size": last.size, "root": last.root.hex()}
    answer = {"status": status} | ({"body": told, **STALE_TYPE} if told else {})
    vkeys = KEY.vkeys() if known else []
    return given(body=body.decode(), vkeys=vkeys, last=stored, answer=answer)


def _signed(told: Checkpoint, key: LogKey = KEY) -> str:
    return sign_checkpoint(told, key, TIME)


def _changed(note: str, *signatures: NoteSignature, text: str | None = None) -> str:
    parsed = read_note(note)
    return Note(text=text or parsed.text, signatures=signatures or parsed.signatures).encode()


ONE, TWO, THREE = head(1), head(2), head(3)
SUBMITTED = format_submission(2, _proof(2, 3), NOTE)


def submissions() -> list[Vector]:
    """The order and answers of litewitness.txt (FiloSottile/torchwood), and what it has not."""
    ed25519, mldsa44 = read_note(NOTE).signatures
    touched = _changed(NOTE, flipped(ed25519, 9), mldsa44)
    steps = _proof(1, 3)
    rows: list[tuple[str, str, Make]] = [
        ("first-contact", "nothing was cosigned before",
         _submitted(format_submission(0, [], _signed(ONE)), None, 200)),
        ("flipped-signature", "a line of a trusted key that does not hold",
         _submitted(format_submission(1, steps, touched), ONE, 403)),
        ("unknown-log", "no key is trusted for this origin",
         _submitted(format_submission(1, steps, NOTE), None, 404, known=False)),
        ("no-proof", "growth is shown", _submitted(format_submission(1, [], NOTE), ONE, 422)),
        ("other-proof", "one hash is another",
         _submitted(format_submission(1, [steps[0], bytes(32)], NOTE), ONE, 422)),
        ("good", "one entry became three", _submitted(format_submission(1, steps, NOTE), ONE, 200)),
        ("stale", "another size was cosigned last",
         _submitted(format_submission(1, steps, NOTE), TWO, 409, "2\n")),
        ("stale-first", "a log that has forgotten asks so",
         _submitted(format_submission(0, [], NOTE), THREE, 409, "3\n")),
        ("ahead", "the witness has seen less",
         _submitted(format_submission(2, _proof(2, 3), NOTE), None, 409, "0\n")),
    ]  # fmt: skip
    rows += [*_states(), *_unsigned()]
    return [*rows_of("submissions", [(n, "ok", c, m) for n, c, m in rows]), *_malformed()]


def _states() -> list[tuple[str, str, Make]]:
    return [
        ("same-size", "cosigned again, for its time",
         _submitted(format_submission(3, [], NOTE), THREE, 200)),
        ("empty-log", "nothing is a state, too",
         _submitted(format_submission(0, [], _signed(head(0))), None, 200)),
        ("from-empty", "anything extends nothing",
         _submitted(format_submission(0, [], NOTE), head(0), 200)),
        ("needless-proof", "anything extends nothing, without a proof",
         _submitted(format_submission(0, _proof(1, 3), NOTE), None, 422)),
        ("other-root", "another root was cosigned at this size",
         _submitted(format_submission(3, [], NOTE), replace(THREE, root=ONE.root), 422)),
        ("rewritten", "what was cosigned is no part of it",
         _submitted(SUBMITTED, replace(TWO, root=ONE.root), 422)),
        ("empty-root", "only the empty tree has the root of nothing",
         _submitted(format_submission(0, [], _signed(replace(ONE, root=merkle.EMPTY_ROOT))),
                    None, 422)),
        ("full-root", "and it has no other",
         _submitted(format_submission(0, [], _signed(replace(ONE, size=0))), None, 422)),
    ]  # fmt: skip


def _unsigned() -> list[tuple[str, str, Make]]:
    ed25519 = read_note(NOTE).signatures[0]
    stranger = LogKey(origin=HEAD.origin, ed25519=bytes(32), mldsa44=bytes(32))
    return [
        ("shrunk", "the old size is beyond the checkpoint's",
         _submitted(format_submission(3, [], _signed(TWO)), THREE, 400)),
        ("extension-line", "a checkpoint has three lines",
         _submitted(format_submission(0, [], _changed(NOTE, text=f"{HEAD.text()}more\n")),
                    None, 400)),
        ("stranger", "a key is known by its id",
         _submitted(format_submission(0, [], _signed(THREE, stranger)), None, 403)),
        ("half-signed", "each trusted algorithm has signed",
         _submitted(format_submission(0, [], _changed(NOTE, ed25519)), None, 403)),
    ]  # fmt: skip


def _malformed() -> list[Vector]:
    body = SUBMITTED.decode()
    line = body.split("\n")[1] + "\n"
    rows = [
        ("leading-zero", "a size has one spelling", body.replace("old 2", "old 02")),
        ("no-old", "the old size comes first", body.partition("\n")[2]),
        ("short-hash", "a hash is 32 bytes", body.replace(line, "AAAA\n")),
        ("long-proof", "a proof has at most 63 hashes", body.replace(line, line * 64)),
        ("no-blank-line", "the proof ends in a blank line", body.replace("\n\n", "\n", 1)),
        ("no-signatures", "a checkpoint is a signed note", body.rpartition("\n\n")[0] + "\n"),
    ]
    return rows_of(
        "submissions", [(n, "malformed", c, _submitted(b.encode(), TWO, 400)) for n, c, b in rows]
    )


def _answered(status: int, body: str, outcome: str, size: int | None = None, old: int = 2) -> Make:
    sent = format_submission(old, _proof(old, 3) if old else [], NOTE).decode()
    asked = {"sent": sent, "head": 6, "vkeys": WITNESS.vkeys()}
    return given(status=status, body=body, outcome=outcome, size=size, **asked)


def answers() -> list[Vector]:
    good = "".join(each.line() for each in LINES)
    bad = LINES[0].line() + flipped(LINES[1], 99).line()
    two, stranger = (cosign(_signed(TWO), WITNESS, TIME), cosign(NOTE, OTHER_WITNESS, TIME))
    rows: list[tuple[str, str, Make]] = [
        ("good", "both lines hold", _answered(200, good, "cosigned")),
        ("stranger-beside", "unknown keys are ignored", _answered(200, stranger + good, "cosigned")),
        ("stranger", "nobody's line", _answered(200, stranger, "garbage")),
        ("flipped", "one bad line is enough", _answered(200, bad, "garbage")),
        ("other-size", "of another checkpoint", _answered(200, two, "garbage")),
        ("no-time", "a time is demanded",
         _answered(200, cosign(NOTE, WITNESS, NEVER), "garbage")),
        ("empty", "no line at all", _answered(200, "", "garbage")),
        ("page", "what a proxy shows", _answered(200, "<html></html>\n", "garbage")),
        ("stale", "send a proof from there", _answered(409, "1\n", "stale", 1)),
        ("rollback", "more was cosigned than there is", _answered(409, "7\n", "rollback", 7)),
        ("conflict", "v1.0.0: another root at the old size",
         _answered(409, "3\n", "root conflict", 3, old=3)),
        ("no-size", "a conflict names a size", _answered(409, "conflict\n", "garbage")),
        ("inconsistent", "another tree was cosigned", _answered(422, "", "root conflict", 2)),
        ("nonsense", "nothing contradicts a first checkpoint", _answered(422, "", "garbage", old=0)),
        ("unknown-log", "the log is not known there", _answered(404, "", "unknown log")),
        ("unknown-log-403", "as litewitness says it",
         _answered(403, "unknown log\n", "unknown log")),
        ("unauthorised", "the log's signature is not trusted", _answered(403, "", "unauthorised")),
        ("pushback", "try again later", _answered(429, "", "busy")),
        ("broken", "try again later", _answered(503, "", "busy")),
        ("refused", "the witness could not read it", _answered(400, "", "garbage")),
    ]  # fmt: skip
    return rows_of("witness-answers", [(n, "ok", c, m) for n, c, m in rows])


def all_of_witnesses() -> list[Vector]:
    return [*cosignatures(), *submissions(), *answers()]
