"""What our witness keeps is durable, bounded, and neither changed nor removed."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.audit import tables
from services.audit.cosigning import ENOUGH, MOST_REFUSED
from services.audit.pacing import BURST
from services.audit.store import witness as store
from shared.protocol.checkpoints import Checkpoint
from shared.runtime.refusals import TooMany
from tests.service.audit.logbook import START, Dead, MortalDatabase
from tests.service.audit.test_cosigning import BOTH, forked
from tests.service.audit.witness_stand import Stand
from tests.unit.shared.protocol.worked_growth import FORK, head, note
from tests.unit.shared.protocol.worked_log import ORIGIN


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


def test_the_operators_see_what_is_cosigned(stand: Stand) -> None:
    stand.grow(0, 3)
    stand.add(3, note(3, FORK))
    stand.clock.now += timedelta(minutes=1)
    found = {each.country: each for each in stand.cosigner.standings()}
    assert (found["QN"].origin, found["QN"].size, found["QN"].evidence) == (ORIGIN, 3, 1)
    assert found["QN"].age in range(60, 62)
    assert (found["QO"].size, found["QO"].age, found["QO"].evidence) == (None, None, 0)


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
