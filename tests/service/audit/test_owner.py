"""F31: what the owner of the database can still do, who notices it, and when.

Triggers and rights are a guard rail for the service. Who owns the tables, or the disk under them, can
switch the triggers off and write another history. From then on:

| what the owner has                       | who notices          | when                                |
| the tables, and changes a row            | inspection; a puller | at the next one                     |
| the tables, and recomputes everything    | the signer           | before the next signature           |
| the signer's memory as well: it is wiped | a witness, with proof | at the next checkpoint              |
|                                          | overseers and peers  | with the next checkpoint they see   |
"""

from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import proofs, tables
from services.audit.alarms import Alarm, CorruptLog, SignerRefusal
from services.audit.signer import EPOCH, STATE
from services.audit.store import Session, entries, tree
from shared.protocol import leaves, misbehaviour
from shared.protocol.checkpoints import Checkpoint, check_extends, verify_checkpoint
from shared.protocol.errors import InconsistentLogError
from shared.protocol.merkle import Frontier, leaf_hash
from tests.service.audit import independent
from tests.service.audit.logbook import KEY, Logbook, event
from tests.witness_at_work import Desk

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

SIZE = 6  # entries that were told, proven and cosigned
VICTIM = 2  # the entry that the owner wants otherwise
TABLES = ("log_head", "log_entry", "tree_node", "checkpoint", "published", "inbox")


@pytest.fixture
def told(logbook: Logbook) -> Logbook:
    """A log whose entries were told."""
    logbook.record(*(event(number) for number in range(1, SIZE)))
    return logbook


@pytest.fixture
def witness(told: Logbook, tmp_path: Path) -> Desk:
    """A witness that has cosigned them."""
    desk = Desk(tmp_path / "witness", vkeys=KEY.vkeys())
    assert desk.add(0, _newest(told)).status == 200
    return desk


def _disarm(db: Session) -> None:
    """Switch off all triggers, as an owner can."""
    if db.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            db.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    names = db.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
    for name in names:
        db.execute(sa.text(f"DROP TRIGGER {name}"))


def _other(body: bytes) -> bytes:
    return body.replace(b'"reason":null', b'"reason":"nothing_happened"')


def _change(db: Session) -> None:
    _disarm(db)
    row = tables.log_entry.update().where(tables.log_entry.c.idx == VICTIM)
    db.execute(row.values(body=_other(entries.bodies(db, [VICTIM])[VICTIM])))


def _write_another_history(db: Session, *, size: int = SIZE) -> None:
    """Change an entry, cut the log to a size, and recompute everything that is derived."""
    _change(db)
    db.execute(tables.log_entry.delete().where(tables.log_entry.c.idx >= size))
    db.execute(tables.inbox.delete().where(tables.inbox.c.idx >= size))
    for table in (tables.tree_node, tables.checkpoint, tables.published):
        db.execute(table.delete())
    frontier, nodes = Frontier(), []
    for _, body in sorted(entries.bodies(db, range(size)).items()):
        nodes += frontier.add(leaf_hash(body))
    tree.add_nodes(db, nodes)
    db.execute(tables.log_head.update().values(size=size, root=frontier.root()))


def _newest(logbook: Logbook) -> str:
    with logbook.database.read() as db:
        return (
            db.scalars(
                sa.select(tables.published.c.note).order_by(tables.published.c.size.desc())
            ).first()
            or ""
        )


def _wipe_the_signers_memory(logbook: Logbook) -> None:
    for name in (STATE, EPOCH):
        (logbook.folder / "signer" / name).unlink()


@BOTH
def test_a_changed_row_is_named_by_the_next_inspection(told: Logbook) -> None:
    with told.database.begin() as db:
        _change(db)
    with pytest.raises(CorruptLog) as found:
        told.inspect()
    assert found.value.index == VICTIM


def test_a_changed_row_is_seen_by_who_pulls_it(told: Logbook) -> None:
    with told.database.begin() as db:
        _change(db)
    _origin, size, root = independent.checkpoint(_newest(told), KEY.vkeys()[0])
    with told.database.read() as db:
        bodies = [body for _, body in sorted(entries.bodies(db, range(size)).items())]
    assert independent.root(bodies) != root


@BOTH
@pytest.mark.parametrize("size", [SIZE, SIZE - 1, VICTIM + 1])
def test_another_history_gets_no_signature(told: Logbook, size: int) -> None:
    with told.database.begin() as db:
        _write_another_history(db, size=size)
    assert told.inspect() == size  # in itself it is faultless
    with pytest.raises(SignerRefusal):
        told.publish()
    with pytest.raises(Alarm):
        told.restart()
    told.take(*(event(number) for number in range(20, 30)))
    told.sequence()
    with pytest.raises(SignerRefusal):  # nor when it has grown beyond what was signed
        told.publish()


def test_who_wipes_the_signers_memory_convicts_himself_before_a_witness(
    told: Logbook, witness: Desk
) -> None:
    honest = _newest(told)
    _forge(told)
    forged = _newest(told)
    assert verify_checkpoint(forged, KEY.vkeys()).size == SIZE  # our own keys signed both
    answer = witness.add(SIZE, forged)
    assert answer.status in {409, 422}
    (evidence,) = witness.evidence()
    misbehaviour.verify_evidence(misbehaviour.parse_evidence(evidence), pinned=KEY.vkeys())
    assert honest.splitlines()[1:3] != forged.splitlines()[1:3]


def test_the_witness_stays_with_the_first_history_also_when_the_other_has_grown(
    told: Logbook, witness: Desk
) -> None:
    _forge(told)
    told.record(event(40), event(41))
    proof = proofs.consistency(told.database, old=SIZE, new=SIZE + 2)
    assert witness.add(SIZE, _newest(told), proof).status == 422
    assert witness.alarms or witness.evidence()


def test_who_kept_a_checkpoint_sees_it_with_the_next(told: Logbook) -> None:
    kept = _stated(told)
    _forge(told)
    told.record(event(40))
    proof = proofs.consistency(told.database, old=kept.size, new=SIZE + 1)
    with pytest.raises(InconsistentLogError):
        check_extends(kept, _stated(told), proof)


def test_who_kept_a_proof_keeps_the_truth(told: Logbook) -> None:
    (recorded,) = told.ask(event(VICTIM))
    _forge(told)
    (now,) = told.ask(event(VICTIM))
    assert leaves.parse(now.leaf).reason == "nothing_happened"
    assert leaves.parse(recorded.leaf).reason is None
    vkeys = KEY.vkeys()
    accusation = misbehaviour.accuse(_note(recorded.proof), _newest(told), vkeys=vkeys)
    misbehaviour.verify_evidence(misbehaviour.parse_evidence(accusation), pinned=vkeys)


def _forge(logbook: Logbook) -> None:
    """Write another history, and have the log's own keys sign it."""
    with logbook.database.begin() as db:
        _write_another_history(db)
    _wipe_the_signers_memory(logbook)
    logbook.restart()


def _stated(logbook: Logbook) -> Checkpoint:
    return verify_checkpoint(_newest(logbook), KEY.vkeys())


def _note(proof: str) -> str:
    return proof.partition("\n\n")[2]
