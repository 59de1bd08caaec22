"""Our witness cosigns what grows, once, and keeps what convicts a log: in the table and as an entry."""

from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import tables
from shared.protocol import merkle
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.misbehaviour import parse_evidence
from shared.protocol.witnessing import MAX_SUBMISSION, TLOG_SIZE, Reply, monitoring_path
from shared.runtime.refusals import NotFound
from tests.service.audit.logbook import Logbook, MortalDatabase
from tests.service.audit.witness_stand import OWN, Federation, Stand, another, at_once
from tests.unit.shared.protocol.worked_growth import FORK, LEAVES, VKEYS, head, note, proof
from tests.unit.shared.protocol.worked_log import ORIGIN

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

OTHERS = [*LEAVES[:1], bytes(32), *LEAVES[2:]]  # a history in which the second entry is another
OTHER_NODES = {
    node: made for f in [merkle.Frontier()] for each in OTHERS for node, made in f.add(each)
}
SUCCESSOR = LogKey(origin=ORIGIN, ed25519=bytes([7]) * 32, mldsa44=bytes([8]) * 32)


def forked(size: int) -> str:
    return note(size, merkle.root(OTHERS[:size]))


def forked_proof(old: int, new: int) -> list[bytes]:
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), OTHER_NODES)


@BOTH
def test_it_cosigns_what_grows_and_shows_it(stand: Stand) -> None:
    for old, new in [(0, 3), (3, 3), (3, 8)]:
        said = stand.grow(old, new)
        assert said.status == 200
        assert verify_cosignatures(note(new) + said.body, OWN).keys() == {
            "qm.rogatory.example/witness"
        }
    shown = stand.cosigner.newest(monitoring_path(ORIGIN))
    assert shown.startswith(head(8).text())
    assert verify_cosignatures(shown, OWN)
    assert stand.waiting() == 0, "witnessing writes no entry"


def test_an_empty_log_is_cosigned(stand: Stand) -> None:
    empty = note(0, merkle.EMPTY_ROOT)
    assert stand.add(0, empty).status == 200
    assert stand.grow(0, 8).status == 200


@BOTH
def test_it_says_what_it_knows_and_does_not_go_back(stand: Stand) -> None:
    stand.grow(0, 5)
    stale = stand.grow(3, 8)
    assert (stale.status, stale.body, stale.content_type) == (409, "5\n", TLOG_SIZE)
    assert stand.grow(0, 3).status == 409
    assert stand.add(5, note(3)).status == 400
    assert stand.cosigner.add_checkpoint(b"").status == 400
    assert stand.cosigner.add_checkpoint(b"x" * (MAX_SUBMISSION + 1)).status == 400
    assert stand.add(5, note(8, key=LogKey.generate(ORIGIN)), proof(5, 8)).status == 403
    assert stand.evidence() == []


def test_only_logs_of_other_members_are_known(stand: Stand) -> None:
    for origin in ("other.example/log", "qm.rogatory.example/log"):
        stranger = LogKey.generate(origin)
        assert stand.add(0, note(3, merkle.root(LEAVES[:3]), key=stranger)).status == 404
    assert stand.asked == []
    with pytest.raises(NotFound):
        stand.cosigner.newest(monitoring_path("other.example/log"))


@BOTH
def test_two_roots_for_one_size_are_evidence_and_one_entry(stand: Stand) -> None:
    stand.grow(0, 3)
    for _ in range(2):
        assert stand.add(3, forked(3)).status == 422
    assert len(stand.evidence()) == 1
    assert stand.waiting() == 1
    assert stand.grow(3, 8).status == 200, "the history that was cosigned may go on"


def test_the_entry_names_the_country_and_the_file(logbook: Logbook, stand: Stand) -> None:
    stand.grow(0, 3)
    stand.add(3, forked(8), forked_proof(3, 8))
    logbook.sequence()
    leaf, (found,) = logbook.leaf(1), stand.evidence()
    assert (leaf.type, leaf.peer, leaf.reason) == ("peer.log_contradicted", "QN", "not_extended")
    assert leaf.commit == {"evidence": sha256(found).hexdigest()}
    assert leaf.count == 3
    assert [parse_evidence(found).smaller.split("\n")[1], logbook.inspect()] == ["3", 2]


def test_what_proves_nothing_yet_is_kept_and_may_prove_later(stand: Stand) -> None:
    stand.grow(0, 3)
    assert stand.add(3, forked(8)).status == 422
    assert (stand.evidence(), stand.waiting()) == ([], 0)
    stand.start()
    assert stand.grow(3, 8).status == 200
    assert len(stand.evidence()) == stand.waiting() == 1


def test_a_note_that_was_stale_may_prove_later(stand: Stand) -> None:
    stand.grow(0, 5)
    assert stand.add(0, forked(3)).status == 409
    assert stand.add(0, note(3)).status == 409
    assert len(stand.evidence()) == 1


def test_an_impossible_root_is_refused(stand: Stand) -> None:
    assert stand.add(0, note(0, FORK)).status == 422


def test_what_was_signed_under_the_key_before_convicts_under_the_next(
    database: MortalDatabase, tmp_path: Path
) -> None:
    """F28: the old key may be taken from the directory too early; what it signed is not forgotten."""
    federation = Federation(tmp_path / "federation", ("QM", "QN"))
    stand = Stand(database, tmp_path, federation)
    assert stand.grow(0, 3).status == 200
    federation.say("QN", vkeys=SUCCESSOR.vkeys())
    stand.learn()
    assert stand.grow(3, 8).status == 403, "the old key no longer signs"
    assert stand.add(3, note(3, FORK, SUCCESSOR)).status == 422
    (found,) = stand.cosigner.evidence()
    assert set(parse_evidence(found.evidence).vkeys) == {*VKEYS, *SUCCESSOR.vkeys()}
    assert stand.add(3, note(8, key=SUCCESSOR), proof(3, 8)).status == 200


def test_an_origin_that_two_countries_claim_is_his_who_had_it(
    database: MortalDatabase, tmp_path: Path
) -> None:
    federation = Federation(tmp_path / "federation")
    stand = Stand(database, tmp_path, federation)
    stranger = LogKey.generate(ORIGIN)
    federation.say("QO", vkeys=stranger.vkeys())
    stand.learn()
    assert stand.grow(0, 3).status == 404, "before any was known nobody has it"
    federation.say("QO", origin="qo.example/log", vkeys=LogKey.generate("qo.example/log").vkeys())
    stand.learn()
    assert stand.grow(0, 3).status == 200
    federation.say("QO", vkeys=stranger.vkeys())
    stand.learn()
    assert stand.grow(3, 5).status == 200
    assert stand.add(5, note(8, key=stranger), proof(5, 8)).status == 403


@BOTH
def test_f20_of_two_sizes_sent_at_once_the_second_is_told_of_the_first(stand: Stand) -> None:
    """The race of the specification: N and N+K, each with its proof from what was cosigned last."""
    stand.grow(0, 3)
    with another(stand) as other:
        replies = at_once(2, lambda n: (stand, other)[n].grow(3, (5, 8)[n]))
        assert sorted(each.status for each in replies) == [200, 409]
    assert stand.evidence() == []


@BOTH
def test_f20_of_two_histories_sent_at_once_one_is_cosigned_and_both_convict(stand: Stand) -> None:
    stand.grow(0, 5)
    sent = [(note(8), proof(5, 8)), (forked(8), forked_proof(5, 8))]
    with another(stand) as other:
        replies = at_once(2, lambda n: (stand, other)[n].add(5, *sent[n]))
        assert [each.status for each in replies if each.status == 200] == [200]
    assert len(stand.evidence()) >= 1


def history(n: int) -> tuple[int, str]:
    """The note of one of many histories: no two have a root in common."""
    leaves = [bytes([n]) * 32, *LEAVES[1 : 3 + n % 3]]
    return len(leaves), note(len(leaves), merkle.root(leaves))


@BOTH
def test_f20_of_fifty_histories_at_once_one_is_cosigned_also_after_a_restart(stand: Stand) -> None:
    """I12: two processes work on one database, and both are started again."""
    said: list[Reply] = []
    with another(stand) as other:
        stand.meet()
        other.meet()
        for count in (50, 10):
            said += at_once(count, lambda n: (stand, other)[n % 2].add(0, history(n)[1]))
            stand.start()
            other.start()
    statuses = [int(each.status) for each in said]
    assert (statuses.count(200), set(statuses) - {200}) == (1, {409})
    assert stand.evidence(), "the others convict the log"
    assert stand.waiting() == len(stand.evidence())


@BOTH
def test_f20_of_fifty_that_grow_the_log_each_size_is_cosigned_once(stand: Stand) -> None:
    def send(n: int) -> Reply:
        size, at = n % 8 + 1, (stand, other)[n % 2]
        said = at.grow(0, size)
        known = int(said.body) if said.status == HTTPStatus.CONFLICT else size
        return at.grow(known, size) if known < size else said

    with another(stand) as other:
        stand.meet()
        other.meet()
        at_once(50, send)
    known = int(stand.add(0, note(1)).body)
    with stand.database.read() as db:
        roots = db.execute(sa.select(tables.witness_cosignature)).all()
    assert max(row.size for row in roots) == known
    assert {(row.size, row.root) for row in roots} <= {(n, head(n).root) for n in range(9)}
    assert (stand.evidence(), stand.waiting()) == ([], 0)
