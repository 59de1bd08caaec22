"""The witness protocol, first of all as a conversation in the order of litewitness's own test.

(FiloSottile/torchwood, cmd/litewitness/testdata/litewitness.txt; the log and its tree are ours.)
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import merkle
from shared.protocol.canonical import b64
from shared.protocol.checkpoints import Checkpoint, LogKey
from shared.protocol.cosignatures import cosign
from shared.protocol.errors import FormatError
from shared.protocol.notes import Note, read_note
from shared.protocol.witnessing import (
    MAX_SUBMISSION,
    PLAIN,
    TLOG_SIZE,
    Accepted,
    Reason,
    Refused,
    format_submission,
    judge,
    malformed,
    monitoring_path,
    parse_submission,
)
from tests.unit.shared.protocol.worked_growth import FORK, LEAVES, VKEYS, head, note, proof
from tests.unit.shared.protocol.worked_log import KEY, NOTE, ORIGIN, TIME
from tests.unit.shared.protocol.worked_witness import WITNESS


def submit(
    old: int, hashes: Sequence[bytes], sent: str, last: Checkpoint | None, vkeys: Sequence[str] = ()
) -> Accepted | Refused:
    submission = parse_submission(format_submission(old, hashes, sent))
    return judge(submission, vkeys or VKEYS, last)


@dataclass
class Witness:
    """One that remembers."""

    last: Checkpoint | None = None
    seen: list[int] = field(default_factory=list)

    def answer(self, old: int, hashes: Sequence[bytes], sent: str) -> tuple[int, str]:
        submission = parse_submission(format_submission(old, hashes, sent))
        vkeys = VKEYS if submission.origin == ORIGIN else []
        judged = judge(submission, vkeys, self.last)
        if isinstance(judged, Refused):
            return judged.status, judged.body
        self.last = judged.checkpoint
        self.seen.append(judged.checkpoint.size)
        return HTTPStatus.OK, cosign(sent, WITNESS, TIME)


def _touched(sent: str) -> str:
    parsed = read_note(sent)
    first, second = parsed.signatures
    bad = replace(first, blob=first.blob[:-1] + bytes([first.blob[-1] ^ 1]))
    return Note(text=parsed.text, signatures=(bad, second)).encode()


def test_the_conversation_of_litewitness() -> None:
    witness = Witness()
    unknown = LogKey(origin=ORIGIN + "x", ed25519=KEY.ed25519, mldsa44=KEY.mldsa44)
    other = [*proof(1, 3)[:-1], bytes(32)]
    assert witness.answer(0, [], note(1))[0] == 200
    assert witness.answer(1, proof(1, 3), _touched(note(3)))[0] == 403
    assert witness.answer(1, proof(1, 3), note(3, key=unknown))[0] == 404  # there still 403
    assert witness.answer(1, [], note(3))[0] == 422
    assert witness.answer(1, other, note(3))[0] == 422
    assert witness.answer(1, proof(1, 3), note(3))[0] == 200
    assert witness.answer(1, proof(1, 5), note(5)) == (409, "3\n")
    assert witness.answer(3, proof(3, 5), note(5))[0] == 200
    assert witness.answer(0, [], note(5)) == (409, "5\n")
    assert witness.seen == [1, 3, 5]


def test_a_checkpoint_is_accepted_from_what_was_cosigned_last() -> None:
    assert submit(3, proof(3, 5), note(5), head(3)) == Accepted(checkpoint=head(5))
    assert submit(5, [], note(5), head(5)) == Accepted(checkpoint=head(5))  # again, for its time
    assert submit(0, [], note(0), None) == Accepted(checkpoint=head(0))
    assert submit(0, [], note(5), head(0)) == Accepted(checkpoint=head(5))


IMPOSSIBLE = [(0, FORK), (3, merkle.EMPTY_ROOT)]


@pytest.mark.parametrize(
    ("old", "hashes", "sent", "last", "reason"),
    [
        (4, [], note(3), None, Reason.SHRUNK),
        (4, [], note(3), head(4), Reason.SHRUNK),
        (0, [], note(3), head(2), Reason.STALE),
        (2, proof(2, 3), note(3), None, Reason.STALE),
        (2, proof(2, 3), note(3), head(5), Reason.STALE),
        (0, [LEAVES[0]], note(3), None, Reason.INCONSISTENT),
        (2, [], note(3), head(2), Reason.INCONSISTENT),
        (2, proof(3, 5), note(3), head(2), Reason.INCONSISTENT),
        (2, proof(2, 3), note(3, FORK), head(2), Reason.INCONSISTENT),
        (3, [LEAVES[0]], note(3), head(3), Reason.INCONSISTENT),
        (3, [], note(3, FORK), head(3), Reason.CONFLICT),
        *((0, [], note(*each), None, Reason.IMPOSSIBLE_ROOT) for each in IMPOSSIBLE),
    ],
)
def test_what_a_witness_holds_against_it(
    old: int, hashes: list[bytes], sent: str, last: Checkpoint | None, reason: Reason
) -> None:
    judged = submit(old, hashes, sent, last)
    assert isinstance(judged, Refused)
    assert judged.reason is reason
    assert judged.signed is not None
    assert judged.signed.text() == read_note(sent).text


def test_statuses_and_bodies() -> None:
    stale = submit(0, [], note(3), head(2))
    assert isinstance(stale, Refused)
    assert (stale.status, stale.body, stale.content_type) == (409, "2\n", TLOG_SIZE)
    statuses = {each: Refused(reason=each).status.value for each in Reason}
    assert sorted(statuses.values()) == [400, 400, 403, 404, 409, 422, 422, 422]
    for each in set(Reason) - {Reason.STALE}:
        assert Refused(reason=each).body == f"{each.value}\n"
        assert Refused(reason=each).content_type == PLAIN


def test_an_unknown_log_is_not_looked_at_further() -> None:
    submission = parse_submission(format_submission(0, [], _touched(note(3))))
    assert judge(submission, [], None) == Refused(reason=Reason.UNKNOWN_LOG)


@pytest.mark.parametrize("line", [0, 1])
def test_every_algorithm_that_is_trusted_must_have_signed(line: int) -> None:
    parsed = read_note(note(3))
    only = replace(parsed, signatures=(parsed.signatures[line],)).encode()
    judged = submit(0, [], only, None)
    assert isinstance(judged, Refused)
    assert (judged.reason, judged.signed) == (Reason.UNSIGNED, None)
    assert submit(0, [], only, None, [VKEYS[line]]) == Accepted(checkpoint=head(3))


def test_extension_lines_are_not_cosigned() -> None:
    parsed = read_note(note(3))
    extended = replace(parsed, text=f"{parsed.text}more\n").encode()
    judged = submit(0, [], extended, None)
    assert isinstance(judged, Refused)
    assert (judged.status, judged.signed) == (400, None)
    assert judged.body == "malformed: a checkpoint has three lines\n"


def test_a_witness_that_was_set_up_with_the_keys_of_another_log() -> None:
    other = LogKey(origin="qn.example/log", ed25519=bytes(32), mldsa44=bytes(32))
    for vkeys in (other.vkeys(), replace(WITNESS, name=ORIGIN).vkeys()):
        with pytest.raises(FormatError):
            submit(0, [], note(3), None, vkeys)


def test_a_submission_is_read_as_it_was_written() -> None:
    body = format_submission(3, proof(3, 5), note(5))
    submission = parse_submission(body)
    assert (submission.old, list(submission.proof)) == (3, proof(3, 5))
    assert format_submission(3, submission.proof, submission.note.encode()) == body
    assert submission.origin == ORIGIN
    longest = format_submission(3, LEAVES[:1] * 63, note(5))
    assert len(parse_submission(longest).proof) == 63


HASH = b64(LEAVES[0])
GOOD = format_submission(1, [LEAVES[0]], NOTE).decode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old 1\n",
        "old 1\n\n",
        NOTE,
        GOOD.replace("old 1", "new 1"),
        GOOD.replace("old 1", "old 01"),
        GOOD.replace("old 1", "old +1"),
        GOOD.replace("old 1", "old  1"),
        GOOD.replace("old 1", "old"),
        GOOD.replace("old 1", "\ufeffold 1"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(HASH, HASH[:-1]),
        GOOD.replace(HASH, b64(LEAVES[0][:31])),
        GOOD.replace(HASH, HASH[:-2] + "B="),
        GOOD.replace(f"{HASH}\n", f"{HASH}\n" * 64),
        GOOD.replace(f"{HASH}\n\n", f"{HASH}\n"),
        GOOD.partition("— ")[0],
        GOOD + "\n",
        GOOD + "x" * MAX_SUBMISSION,
    ],
)
def test_what_is_no_submission(body: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_submission(body.encode())
    assert malformed(caught.value).status == 400


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_body_is_read_or_refused(tail: bytes) -> None:
    for body in (tail, b"old 3\n\n" + tail, GOOD.encode() + tail, b"old 3\n" + tail + b"\n\n"):
        with contextlib.suppress(FormatError):
            parse_submission(body)


def test_where_a_witness_shows_what_it_cosigned() -> None:
    # FiloSottile/sunlight, cmd/skylight/testdata/witness, has this log under this name.
    known = "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706/checkpoint"
    assert monitoring_path("rome2026h1.example.org") == known
