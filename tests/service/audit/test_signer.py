import fcntl
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import tables
from services.audit.alarms import LeadLost, SignerRefusal
from services.audit.signer import EPOCH, STATE, Signer
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.runtime.database import open_database
from tests.service.audit.logbook import KEY, ORIGIN, START, Logbook, MortalDatabase, event


def test_f14_a_restored_old_copy_gets_no_signature(logbook: Logbook, tmp_path: Path) -> None:
    logbook.record(event(1))
    copy = tmp_path / "backup.sqlite"
    with logbook.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{copy}'")
    logbook.record(event(2), event(3))

    old = open_database(f"sqlite:///{copy}")
    logbook.database = MortalDatabase(old.engine, old.sessions)
    with pytest.raises(SignerRefusal, match="rolled back"):
        logbook.restart()
    # Even if it grows to another history of the same or a larger size.
    logbook.take(event(4), event(5), event(6))
    logbook.sequence()
    with pytest.raises(SignerRefusal, match="does not extend"):
        logbook.publish()
    old.close()


def test_another_history_of_the_same_size_gets_no_signature(logbook: Logbook) -> None:
    logbook.record(event(1))
    last = logbook.signer.last
    assert last
    other = Checkpoint(origin=ORIGIN, size=last.checkpoint.size, root=bytes(32))
    with pytest.raises(SignerRefusal):
        logbook.signer.sign(other, [], START)


def test_a_signer_without_memory_signs_nothing_old(logbook: Logbook) -> None:
    logbook.record(event(1))
    shutil.rmtree(logbook.folder / "signer")
    with pytest.raises(SignerRefusal, match="remembers none"):
        logbook.restart()


def test_the_same_head_gets_the_same_note(logbook: Logbook) -> None:
    last = logbook.signer.last
    assert last
    assert logbook.signer.sign(last.checkpoint, [], START) == last.note


def test_a_checkpoint_whose_row_was_lost_comes_back_as_it_was(logbook: Logbook) -> None:
    logbook.take(event(1))
    logbook.sequence()
    with logbook.database.begin() as db:
        db.execute(sa.text("DROP TRIGGER checkpoint_delete"))
        db.execute(tables.checkpoint.delete())
    logbook.publish()
    with logbook.database.read() as db:
        rows = db.execute(sa.select(tables.checkpoint)).all()
    assert logbook.signer.last
    assert [row.note for row in rows] == [logbook.signer.last.note]


def test_a_signer_with_an_older_memory_signs_on(logbook: Logbook) -> None:
    state = logbook.folder / "signer" / STATE
    older = state.read_bytes()
    (once,) = logbook.record(event(1))
    state.write_bytes(older)
    logbook.restart()
    assert logbook.ask(event(1)) == [once]


def test_it_serves_the_newest_sequencer_alone(logbook: Logbook) -> None:
    logbook.take(event(1))
    logbook.sequence()
    newer = Signer(KEY, logbook.folder / "signer")
    newer.take(logbook.epoch + 1)
    with pytest.raises(LeadLost, match="another sequencer"):
        logbook.publish()
    with pytest.raises(LeadLost, match="later sequencer"):
        logbook.signer.take(logbook.epoch)
    logbook.signer = newer
    assert logbook.publish() == 2


def test_one_process_is_at_it_at_a_time(logbook: Logbook) -> None:
    with (logbook.folder / "signer/lock").open() as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        logbook.take(event(1))
        logbook.sequence()
        with pytest.raises(LeadLost, match="at the signer"):
            logbook.publish()
    assert logbook.publish() == 2


def test_an_epoch_that_cannot_be_read(logbook: Logbook) -> None:
    (logbook.folder / "signer" / EPOCH).write_text("many")
    with pytest.raises(SignerRefusal, match="epoch"):
        logbook.restart()


@pytest.mark.parametrize("content", ["", "nonsense", "another key's"])
def test_a_memory_that_is_not_its_own(tmp_path: Path, content: str) -> None:
    stranger = LogKey.generate(ORIGIN)
    head = Checkpoint(origin=ORIGIN, size=1, root=bytes(32))
    text = sign_checkpoint(head, stranger, START) if "key" in content else content
    tmp_path.joinpath(STATE).write_text(text)
    with pytest.raises(SignerRefusal, match="not its own"):
        Signer(KEY, tmp_path).take(1)
