"""A log is closed and the next one begun; a dead one is continued from where its quorum last saw it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.audit import rotation, succession
from services.audit.marks import Marks
from services.audit.store import shards, witness
from services.audit.store.shards import Ended
from services.audit.succession import Ledger, NotEndedError
from shared.protocol.checkpoints import (
    Checkpoint,
    sign_checkpoint,
)
from shared.runtime.database import open_database
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    ORIGIN,
    START,
    Dead,
    Logbook,
    MortalDatabase,
    SetClock,
    event,
)

NEXT = "qm.rogatory.example/log/2027"


def ledger(book: Logbook) -> Ledger:
    return Ledger(
        origin=ORIGIN, database=book.database, confidential=CONFIDENTIAL, clock=book.clock
    )


@pytest.fixture
def successor(migrated_file: Path, tmp_path: Path) -> Iterator[Ledger]:
    shutil.copy(migrated_file, tmp_path / "next.sqlite")
    opened = open_database(f"sqlite:///{tmp_path}/next.sqlite")
    yield Ledger(
        origin=NEXT,
        database=MortalDatabase(opened.engine, opened.sessions),
        confidential=CONFIDENTIAL,
        clock=SetClock(),
    )
    opened.close()


def test_a_log_ends_only_when_it_is_closed_and_witnessed(logbook: Logbook) -> None:
    log = ledger(logbook)
    with pytest.raises(NotEndedError, match="not closed"):
        succession.end(log, dead=False)
    succession.close(log)
    logbook.sequence()
    logbook.sign()
    with pytest.raises(NotEndedError, match="quorum"):
        succession.end(log, dead=False)
    with pytest.raises(NotEndedError, match="is closed"):
        succession.close(log)


def test_a_log_that_never_showed_anything_has_no_end(successor: Ledger) -> None:
    with pytest.raises(NotEndedError, match="never published"):
        succession.end(successor, dead=True)


def test_a_dead_log_is_continued_from_where_its_quorum_saw_it(
    logbook: Logbook, successor: Ledger, tmp_path: Path
) -> None:
    logbook.record(event(1))
    logbook.take(event(2))
    logbook.sequence()
    logbook.sign()  # and nobody cosigned it: it was never shown
    ended = note_keys(logbook, dead=True)
    assert (ended.size, ended.reason) == (2, "dead")
    assert succession.begin(
        successor, ended, before=logbook.database, marks=Marks(tmp_path / "marks")
    )
    book = Logbook(MortalDatabase(successor.database.engine, successor.database.sessions), tmp_path)
    first = book.leaf(0)
    assert (first.reason, first.peer_receipt and first.peer_receipt.size) == ("dead", 2)


def note_keys(book: Logbook, *, dead: bool) -> Ended:
    """What a start of the service notes, and then where the log ended."""
    rotation.note(
        book.signer.vkeys, database=book.database, confidential=CONFIDENTIAL, clock=book.clock
    )
    return succession.end(ledger(book), dead=dead)


def test_a_lost_log_is_continued_from_its_last_checkpoint_alone(
    logbook: Logbook, successor: Ledger, tmp_path: Path
) -> None:
    logbook.record(event(1))
    last = logbook.signer.last
    assert last is not None
    vkeys, clock = KEY.vkeys(), logbook.clock
    with pytest.raises(NotEndedError, match="is of"):
        succession.end_by_note(last.note, NEXT, vkeys, reason="dead", clock=clock)
    ended = succession.end_by_note(last.note, ORIGIN, vkeys, reason="dead", clock=clock)
    marks = Marks(tmp_path / "marks")
    assert succession.begin(successor, ended, before=None, marks=marks)
    assert not succession.begin(successor, ended, before=None, marks=marks)
    other = succession.end_by_note(
        _signed(size=99), ORIGIN, vkeys, reason="dead", clock=logbook.clock
    )
    with pytest.raises(NotEndedError, match="another"):
        succession.begin(successor, other, before=None, marks=marks)


def _signed(size: int) -> str:
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=b"x" * 32), KEY, START)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_what_our_witness_knows_goes_on(
    logbook: Logbook, successor: Ledger, tmp_path: Path
) -> None:
    theirs = Checkpoint(origin="qn.rogatory.example/log", size=4, root=b"r" * 32)
    with logbook.database.begin() as db:
        witness.lock(db, theirs.origin)
        witness.accept(db, theirs, theirs.text() + "\n", "— w AAAAAAAAAAA=\n", logbook.clock())
        known = witness.heads(db)
    succession.close(ledger(logbook))
    logbook.sequence()
    logbook.publish()
    marks = Marks(tmp_path / "marks")
    succession.begin(
        successor, note_keys(logbook, dead=False), before=logbook.database, marks=marks
    )
    with successor.database.read() as db:
        assert witness.heads(db) == known
        assert [each.origin for each in shards.ended(db)] == [ORIGIN]
    assert marks.note(theirs.origin) == known[theirs.origin]


@pytest.mark.parametrize("fault", ["persisted", "not persisted"])
def test_the_next_log_is_begun_once(
    logbook: Logbook, successor: Ledger, tmp_path: Path, fault: str
) -> None:
    succession.close(ledger(logbook))
    logbook.take(event(1))
    logbook.sequence()
    logbook.publish()
    ended = note_keys(logbook, dead=False)
    database = successor.database
    assert isinstance(database, MortalDatabase)
    database.faults.append(fault)
    marks = Marks(tmp_path / "marks")
    with pytest.raises(Dead):
        succession.begin(successor, ended, before=logbook.database, marks=marks)
    fresh = succession.begin(successor, ended, before=logbook.database, marks=marks)
    assert fresh == (fault == "not persisted")
    assert marks.begun
