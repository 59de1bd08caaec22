"""A witness cosigns what grows, refuses the rest, and keeps what convicts a log."""

import pytest

from client.witness.judging import trusted_logs
from shared.protocol import merkle
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.errors import FormatError
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.witnessing import MAX_SUBMISSION, TLOG_SIZE, monitoring_path
from tests.unit.shared.protocol.worked_growth import FORK, LEAVES, VKEYS, note, proof
from tests.unit.shared.protocol.worked_log import ORIGIN, TIME
from tests.unit.shared.protocol.worked_witness import OTHER_WITNESS, VKEY
from tests.witness_at_work import Desk

OTHERS = [*LEAVES[:1], bytes(32), *LEAVES[2:]]  # a history in which the second entry is another
OTHER_NODES = {
    node: made for f in [merkle.Frontier()] for each in OTHERS for node, made in f.add(each)
}

TIMES = {"oversight.example/w1": int(TIME.timestamp())}


def forked(size: int) -> str:
    return note(size, merkle.root(OTHERS[:size]))


def test_it_cosigns_what_grows_and_shows_it(desk: Desk) -> None:
    for old, new in [(0, 3), (3, 3), (3, 8)]:
        said = desk.grow(old, new)
        assert said.status == 200
        assert verify_cosignatures(note(new) + said.body, desk.witness.key.vkeys()) == TIMES
    shown = desk.witness.newest(monitoring_path(ORIGIN))
    assert (shown.status, verify_cosignatures(shown.body, desk.witness.key.vkeys())) == (200, TIMES)
    assert desk.witness.newest(monitoring_path("other.example")).status == 404
    assert desk.alarms == []


def test_it_says_what_it_knows_and_does_not_go_back(desk: Desk) -> None:
    desk.grow(0, 5)
    stale = desk.grow(3, 8)
    assert (stale.status, stale.body, stale.content_type) == (409, "5\n", TLOG_SIZE)
    assert desk.grow(0, 3).status == 409
    assert desk.add(5, note(3)).status == 400
    assert desk.witness.add_checkpoint(b"").status == 400
    assert desk.witness.add_checkpoint(b"x" * (MAX_SUBMISSION + 1)).status == 400
    stranger = LogKey.generate("other.example/log")
    assert desk.add(0, note(3, merkle.root(LEAVES[:3]), key=stranger)).status == 404
    assert desk.add(5, note(8, key=LogKey.generate(ORIGIN)), proof(5, 8)).status == 403
    assert desk.alarms == []


@pytest.mark.parametrize("again", [1, 2])
def test_two_roots_for_one_size_are_evidence(desk: Desk, again: int) -> None:
    desk.grow(0, 3)
    for _ in range(again):
        assert desk.add(3, forked(3)).status == 422
    (found,) = desk.evidence()
    proven = verify_evidence(parse_evidence(found), pinned=VKEYS)
    assert (proven.smaller.size, proven.larger.size) == (3, 3)
    assert "signed two histories: the evidence is in" in desk.alarms[0]
    assert desk.grow(3, 8).status == 200, "the history that was cosigned may go on"


def test_the_proof_of_a_rewritten_log_convicts_it(desk: Desk) -> None:
    desk.grow(0, 3)
    hashes = merkle.hash_ranges(merkle.consistency_ranges(3, 8), OTHER_NODES)
    assert desk.add(3, forked(8), hashes).status == 422
    (found,) = desk.evidence()
    proven = verify_evidence(parse_evidence(found), pinned=VKEYS)
    assert (proven.smaller.size, proven.larger.size) == (3, 8)


def test_what_proves_nothing_yet_is_kept_and_may_prove_later(desk: Desk) -> None:
    desk.grow(0, 3)
    assert desk.add(3, forked(8)).status == 422
    assert (desk.evidence(), len(desk.alarms)) == ([], 1)
    assert "did not show that it extends the 3" in desk.alarms[0]
    desk.start()
    assert desk.grow(3, 8).status == 200
    (found,) = desk.evidence()
    assert verify_evidence(parse_evidence(found), pinned=VKEYS).larger.size == 8


def test_a_note_that_was_stale_may_prove_later(desk: Desk) -> None:
    desk.grow(0, 5)
    assert desk.add(0, forked(3)).status == 409
    assert desk.add(0, note(3)).status == 409
    assert len(desk.evidence()) == 1


def test_an_impossible_root_is_told(desk: Desk) -> None:
    assert desk.add(0, note(0, FORK)).status == 422
    assert "tree of 0 entries" in desk.alarms[0]


def test_lines_of_others_are_not_kept(desk: Desk) -> None:
    crowded = note(3) + "".join(f"\N{EM DASH} {OTHER_WITNESS.name} AAAAAAAA\n" for _ in range(900))
    assert desk.add(0, crowded).status == 200
    assert len(desk.witness.newest(monitoring_path(ORIGIN)).body.splitlines()) == 8
    assert desk.grow(3, 8).status == 200


@pytest.mark.parametrize("vkey", [VKEY, "x", OTHER_WITNESS.vkeys()[0]])
def test_only_keys_of_logs_are_trusted(vkey: str) -> None:
    with pytest.raises(FormatError):
        trusted_logs([*VKEYS, vkey])
