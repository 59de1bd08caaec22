"""Our witness cosigns what grows, once, and keeps what convicts a log: in the table and as an entry."""

from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import tables
from services.audit.cosigning import ENOUGH, MOST_REFUSED
from services.audit.pacing import BURST
from services.audit.store import witness as store
from shared.protocol import merkle
from shared.protocol.checkpoints import Checkpoint, LogKey
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.misbehaviour import parse_evidence
from shared.protocol.witnessing import MAX_SUBMISSION, TLOG_SIZE, Reply, monitoring_path
from shared.runtime.refusals import NotFound, TooMany
from tests.service.audit.logbook import START, Dead, Logbook, MortalDatabase
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


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return Federation(tmp_path_factory.mktemp("federation") / "repository")


@pytest.fixture
def stand(database: MortalDatabase, tmp_path: Path, federation: Federation) -> Stand:
    return Stand(database, tmp_path, federation)


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
        for _ in range(2):
            said += at_once(50, lambda n: (stand, other)[n % 2].add(0, history(n)[1]))
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
        at_once(50, send)
    known = int(stand.add(0, note(1)).body)
    with stand.database.read() as db:
        roots = db.execute(sa.select(tables.witness_cosignature)).all()
    assert max(row.size for row in roots) == known
    assert {(row.size, row.root) for row in roots} <= {(n, head(n).root) for n in range(9)}
    assert (stand.evidence(), stand.waiting()) == ([], 0)


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_death_at_the_commit_of_a_cosignature(
    database: MortalDatabase, stand: Stand, fault: str
) -> None:
    stand.grow(0, 3)
    database.faults.append(fault)
    with pytest.raises(Dead):
        stand.grow(3, 5)
    stand.start()
    known = 3 if fault == "not persisted" else 5
    assert stand.grow(0, 1).body == f"{known}\n"
    assert stand.grow(known, 8).status == 200
    assert stand.evidence() == []


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_death_at_the_commit_of_evidence(
    database: MortalDatabase, stand: Stand, fault: str
) -> None:
    """Evidence and entry are there together, or neither; sent again, both are there once."""
    stand.grow(0, 3)
    database.faults.append(fault)
    with pytest.raises(Dead):
        stand.add(3, forked(3))
    stand.start()
    assert len(stand.evidence()) == stand.waiting() == (fault == "persisted")
    stand.add(3, forked(3))
    assert len(stand.evidence()) == stand.waiting() == 1


def test_a_log_in_a_hurry_is_asked_to_wait_and_no_other(stand: Stand) -> None:
    stand.grow(0, 3)
    for _ in range(int(BURST) - 1):
        stand.cosigner.pace.take(ORIGIN, START)
    with pytest.raises(TooMany) as refused:
        stand.grow(3, 5)
    assert refused.value.headers == {"Retry-After": "1"}
    assert stand.grow(3, 3).status == 200, "who repeats what it has sent takes nothing from it"
    stand.cosigner.pace.take("qo.example/log", START)
    stand.clock.now += timedelta(seconds=1)
    assert stand.grow(3, 8).status == 200


def test_a_log_that_signs_without_end_does_not_fill_the_database(stand: Stand) -> None:
    stand.grow(0, 3)
    for n in range(ENOUGH + 2):
        stand.clock.now += timedelta(seconds=1)
        stand.add(0, note(3, bytes([n]) * 32))
    assert len(stand.evidence()) == stand.waiting() == ENOUGH

    with stand.database.begin() as db:
        known = store.refused(db, ORIGIN, "stale")
        told = {"origin": ORIGIN, "root": FORK, "note": "", "reason": "stale", "seen_at": START}
        rows = [{**told, "size": 100 + n} for n in range(MOST_REFUSED - known)]
        db.execute(tables.witness_note.insert(), rows)
    stand.add(0, note(7, FORK))
    with stand.database.read() as db:
        assert store.refused(db, ORIGIN, "stale") == MOST_REFUSED
        assert store.others(db, head(7)) == []
    stand.clock.now += timedelta(seconds=1)
    stand.add(3, note(7, FORK))
    with stand.database.read() as db:
        assert len(store.others(db, head(7))) == 1, "what contradicts is still kept"
    assert stand.grow(3, 8).status == 200


@BOTH
def test_nothing_of_it_is_changed_or_removed(stand: Stand) -> None:
    stand.grow(0, 3)
    stand.add(3, forked(3))
    dialect = stand.database.engine.dialect.name
    for name in ("head", "note", "cosignature", "evidence", "key"):
        table = tables.metadata.tables[f"witness_{name}"]
        statements: list[sa.Executable] = [table.delete(), table.update().values(origin="x")]
        statements += [sa.text(f"TRUNCATE {table.name}")] if dialect == "postgresql" else []
        for statement in statements:
            with (
                pytest.raises(sa.exc.DBAPIError, match="only"),
                stand.database.begin() as db,
            ):
                db.execute(statement)
    for values in ({"size": 2}, {"note": None}):
        with pytest.raises(sa.exc.DBAPIError, match="forward only"), stand.database.begin() as db:
            db.execute(tables.witness_head.update().values(values))
    forged = Checkpoint(origin=ORIGIN, size=3, root=FORK)
    with pytest.raises(sa.exc.IntegrityError), stand.database.begin() as db:
        store.accept(db, forged, "", "", START)
