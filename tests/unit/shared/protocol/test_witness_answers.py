"""What a log makes of a witness's answers, those of older witnesses and of none included."""

from dataclasses import replace

import pytest

from shared.protocol.cosignatures import cosign
from shared.protocol.witnessing import (
    Outcome,
    Reason,
    Refused,
    format_submission,
    judge,
    parse_submission,
    read_answer,
)
from tests.unit.shared.protocol.worked_growth import FORK, VKEYS, head, note, proof
from tests.unit.shared.protocol.worked_log import TIME
from tests.unit.shared.protocol.worked_witness import LINE, OTHER_WITNESS, WITNESS

SENT = parse_submission(format_submission(2, proof(2, 3), note(3)))
FIRST = parse_submission(format_submission(0, [], note(3)))
LINES = cosign(note(3), WITNESS, TIME)


def outcome(status: int, body: str | bytes = b"", sent: object = SENT) -> Outcome:
    content = body.encode() if isinstance(body, str) else body
    asked = FIRST if sent is FIRST else SENT
    return read_answer(status, content, sent=asked, head=6, vkeys=WITNESS.vkeys()).outcome


def test_cosignatures_are_taken_from_an_answer() -> None:
    stranger = cosign(note(3), OTHER_WITNESS, TIME)
    body = (stranger + LINES).encode()
    answer = read_answer(200, body, sent=SENT, head=3, vkeys=WITNESS.vkeys())
    assert answer.outcome is Outcome.COSIGNED
    assert [each.vkey for each in answer.cosignatures] == WITNESS.vkeys()
    assert "".join(each.signature.line() for each in answer.cosignatures) == LINES


def test_what_was_in_the_note_already_is_no_answer() -> None:
    before = parse_submission(format_submission(2, proof(2, 3), note(3) + LINES))
    stranger = cosign(note(3), OTHER_WITNESS, TIME).encode()
    answer = read_answer(200, stranger, sent=before, head=3, vkeys=WITNESS.vkeys())
    assert answer.outcome is Outcome.GARBAGE


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, LINES, Outcome.COSIGNED),
        (200, LINES.partition("\n")[0] + "\n", Outcome.COSIGNED),
        (200, "", Outcome.GARBAGE),
        (200, cosign(note(3), OTHER_WITNESS, TIME), Outcome.GARBAGE),
        (200, cosign(note(2), WITNESS, TIME), Outcome.GARBAGE),  # for another size
        (200, "\n" + LINES, Outcome.GARBAGE),
        (200, LINES[:-1], Outcome.GARBAGE),
        (200, "<html>", Outcome.GARBAGE),
        (200, b"\xff", Outcome.GARBAGE),
        (200, LINES * 30, Outcome.GARBAGE),
        (409, "5\n", Outcome.STALE),
        (409, "0\n", Outcome.STALE),
        (409, "6", Outcome.STALE),
        (409, "7\n", Outcome.ROLLBACK),
        (409, "2\n", Outcome.ROOT_CONFLICT),
        (409, "", Outcome.GARBAGE),
        (409, "05\n", Outcome.GARBAGE),
        (409, "5\n\n", Outcome.GARBAGE),
        (409, "٣\n", Outcome.GARBAGE),
        (409, "9" * 17, Outcome.GARBAGE),
        (422, "", Outcome.ROOT_CONFLICT),
        (404, "", Outcome.UNKNOWN_LOG),
        (403, "unknown log\n", Outcome.UNKNOWN_LOG),
        (403, "invalid signature\n", Outcome.UNAUTHORISED),
        (401, "", Outcome.UNAUTHORISED),
        (429, "", Outcome.BUSY),
        (500, "", Outcome.BUSY),
        (503, "", Outcome.BUSY),
        (400, "malformed\n", Outcome.GARBAGE),
        (302, "", Outcome.GARBAGE),
        (201, LINES, Outcome.GARBAGE),
    ],
)
def test_what_an_answer_means(status: int, body: str | bytes, expected: Outcome) -> None:
    assert outcome(status, body) is expected


def test_a_witness_that_holds_something_against_a_first_checkpoint_talks_nonsense() -> None:
    assert outcome(422, sent=FIRST) is Outcome.GARBAGE


def test_an_older_witness_says_409_at_equal_sizes_with_other_roots() -> None:
    again = parse_submission(format_submission(3, [], note(3)))
    answer = read_answer(409, b"3\n", sent=again, head=6, vkeys=WITNESS.vkeys())
    assert (answer.outcome, answer.size) == (Outcome.ROOT_CONFLICT, 3)


def test_both_sides_understand_each_other() -> None:
    for asked, last, expected in (
        (SENT, head(5), Outcome.STALE),
        (SENT, head(7), Outcome.ROLLBACK),
        (SENT, replace(head(2), root=FORK[::-1]), Outcome.ROOT_CONFLICT),
        (FIRST, head(2), Outcome.STALE),
    ):
        judged = judge(asked, VKEYS, last)
        assert isinstance(judged, Refused)
        body = judged.body.encode()
        answer = read_answer(judged.status, body, sent=asked, head=6, vkeys=WITNESS.vkeys())
        assert answer.outcome is expected
    unknown = Refused(reason=Reason.UNKNOWN_LOG)
    assert outcome(unknown.status, unknown.body) is Outcome.UNKNOWN_LOG


def test_a_witness_of_one_key_answers_with_one_line() -> None:
    answer = read_answer(200, LINES.encode(), sent=SENT, head=3, vkeys=WITNESS.vkeys()[:1])
    (only,) = answer.cosignatures
    assert only.signature.line()[:30] == LINE[:30]
