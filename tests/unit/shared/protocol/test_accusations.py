"""What a witness holds against a log, and under which name it is kept."""

from shared.protocol import merkle
from shared.protocol.accusations import accusations, evidence_name, held_against, own_lines
from shared.protocol.checkpoints import Checkpoint, LogKey
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.notes import read_note
from shared.protocol.witnessing import Submission, format_submission, judge, parse_submission
from tests.unit.shared.protocol.worked_growth import FORK, LEAVES, VKEYS, head, note, proof
from tests.unit.shared.protocol.worked_log import KEY, ORIGIN

OTHER_LEAVES = [*LEAVES[:1], bytes(32), *LEAVES[2:]]
NEXT = LogKey(origin=ORIGIN, ed25519=bytes([7]) * 32, mldsa44=bytes([8]) * 32)
BOTH = [*VKEYS, *NEXT.vkeys()]


def forked(size: int, key: LogKey = KEY) -> str:
    return note(size, merkle.root(OTHER_LEAVES[:size]), key)


def forked_proof(old: int, new: int) -> list[bytes]:
    frontier = merkle.Frontier()
    nodes = {node: made for leaf in OTHER_LEAVES for node, made in frontier.add(leaf)}
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), nodes)


def sent(old: int, told: str, hashes: list[bytes] | None = None) -> Submission:
    return parse_submission(format_submission(old, hashes or [], told))


def held(
    submission: Submission,
    *,
    last: Checkpoint | None = None,
    last_note: str | None = None,
    others: list[str] | None = None,
    vkeys: list[str] | None = None,
) -> list[bytes]:
    judged = judge(submission, VKEYS, last)
    return held_against(
        submission, judged, vkeys=vkeys or VKEYS, last=last_note, others=others or []
    )


def test_growth_is_no_evidence() -> None:
    grown = sent(3, note(8), proof(3, 8))
    assert held(grown, last=head(3), last_note=note(3), others=[note(8)]) == []


def test_two_roots_for_one_size_are() -> None:
    (found,) = held(sent(3, forked(3)), last=head(3), last_note=note(3), others=[note(3)])
    assert verify_evidence(parse_evidence(found), pinned=VKEYS).shown != head(3).root


def test_a_proof_that_leads_from_another_tree_convicts_its_sender() -> None:
    submission = sent(3, forked(8), forked_proof(3, 8))
    (found,) = held(submission, last=head(3), last_note=note(3))
    assert verify_evidence(parse_evidence(found), pinned=VKEYS).smaller == head(3)


def test_notes_that_say_nothing_are_passed_over() -> None:
    unsigned = note(3, FORK, LogKey.generate(ORIGIN))
    foreign = note(3, FORK, LogKey.generate("other.example/log"))
    assert accusations(note(3), ["", unsigned, foreign, note(3)], vkeys=VKEYS) == []


def test_notes_under_a_key_and_its_successor_are_evidence_by_those_that_signed() -> None:
    strange = LogKey.generate(ORIGIN).vkeys()
    (found,) = accusations(note(3), [forked(3, NEXT)], vkeys=[*BOTH, *strange])
    assert set(parse_evidence(found).vkeys) == {*BOTH}
    assert accusations(note(3), [forked(3, NEXT)], vkeys=VKEYS) == []


def test_one_algorithm_alone_convicts_nobody() -> None:
    half = [own_lines(read_note(each), VKEYS[:1]) for each in (note(3), forked(3))]
    assert accusations(half[0], half[1:], vkeys=VKEYS) == []
    assert len(accusations(half[0], half[1:], vkeys=VKEYS[:1])) == 1


def test_lines_of_others_are_left_out() -> None:
    crowded = note(3) + "\N{EM DASH} other.example/w AAAAAAAA\n" * 9
    assert own_lines(read_note(crowded), VKEYS).count("\N{EM DASH}") == 2


def test_what_is_proven_has_one_name() -> None:
    (one,) = accusations(note(3), [forked(3)], vkeys=VKEYS)
    (again,) = accusations(forked(3), [note(3)], vkeys=VKEYS)
    (other,) = accusations(note(4), [forked(4)], vkeys=VKEYS)
    assert evidence_name(one) == evidence_name(again) != evidence_name(other)
