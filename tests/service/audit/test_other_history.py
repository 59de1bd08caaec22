"""A witness has seen another history of our log: then nothing more is signed (F15)."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.audit import publication
from services.audit.alarms import OtherHistory
from services.audit.assuring import Assurance
from services.audit.witnesses import UnansweredError
from services.audit.worker import Sequencer
from shared.runtime.database import Database, open_database
from tests.service.audit.gallery import Gallery, Says, grow
from tests.service.audit.logbook import Logbook, MortalDatabase, event
from tests.service.audit.test_worker import eventually

INTERVAL = timedelta(milliseconds=5)


@pytest.mark.parametrize(
    ("status", "body"), [(409, b"999\n"), (422, b"no")], ids=["rollback", "root conflict"]
)
def test_a_claim_without_a_proof_stops_the_log_until_people_have_looked(
    gallery: Gallery, status: int, body: bytes
) -> None:
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    gallery["W2"].hidden = True
    gallery["W2"].always = Says(status, body)
    grow(gallery, 2)
    gallery.until(lambda: gallery.signals.alarm is not None)
    assert "shows no proof" in str(gallery.signals.alarm)
    gallery.signals.signed()  # nothing lifts it
    assert isinstance(gallery.signals.alarm, OtherHistory)
    with pytest.raises(OtherHistory):
        gallery.signals.check()


@pytest.mark.parametrize(("status", "body"), [(409, b"999\n"), (422, b"no")])
def test_a_witness_that_errs_by_its_own_note_stops_nothing(
    gallery: Gallery, status: int, body: bytes
) -> None:
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    gallery["W2"].always = Says(status, body)
    grow(gallery, 2)
    gallery.until(lambda: gallery.outcome("W2") == "garbage")
    assert gallery.signals.alarm is None


@pytest.fixture
def restored(gallery: Gallery, tmp_path: Path) -> Iterator[Gallery]:
    """F15: database and signer both come from a copy, after more had been cosigned."""
    book = gallery.book
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    gallery.quiet()
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "signer", copy / "signer")
    source, target = book.database.engine.raw_connection(), copy / "audit.sqlite"
    source.cursor().execute(f"VACUUM INTO '{target}'")
    source.close()
    size = grow(gallery, 2, 3)
    gallery.until(lambda: gallery.shown() == size)
    opened = open_database(f"sqlite:///{target}")
    old = Logbook(MortalDatabase(opened.engine, opened.sessions), copy, clock=book.clock)
    gallery.book = old
    gallery.witnessing = gallery.job()
    yield gallery
    opened.close()


def assurance(gallery: Gallery, patience: float = 5) -> Assurance:
    return Assurance(
        membership=gallery.membership,
        witnesses=gallery.witnessing.witnesses,
        contradiction=gallery.contradiction,
        patience=timedelta(seconds=patience),
    )


def test_f15_a_new_leader_is_told_before_it_signs(restored: Gallery) -> None:
    book, before = restored.book, _signed(restored.book.database)
    book.take(event(9))
    sequencer = Sequencer(book.log, restored.signals, interval=INTERVAL, assure=assurance(restored))
    sequencer.start()
    try:
        eventually(lambda: restored.signals.alarm is not None)
        assert "4 entries" in sequencer.state
        assert "2 are known here" in sequencer.state
    finally:
        sequencer.stop()
    assert _signed(book.database) == before


def test_f15_where_nobody_answers_the_first_question_stops_it(restored: Gallery) -> None:
    book = restored.book
    for witness in restored.all.values():
        witness.away = True
    sequencer = Sequencer(
        book.log, restored.signals, interval=INTERVAL, assure=assurance(restored, patience=0)
    )
    sequencer.start()
    try:
        book.take(event(9))
        eventually(lambda: _signed(book.database) == 3)
        for witness in restored.all.values():
            witness.away = False
        restored.until(lambda: restored.signals.alarm is not None)
        assert "4 entries" in sequencer.state
        eventually(lambda: not sequencer.is_alive())
    finally:
        sequencer.stop()
    book.take(event(10))
    assert _signed(book.database) == 3


def test_f15_a_log_that_has_grown_past_it_has_another_root(restored: Gallery) -> None:
    book = restored.book
    book.take_lead()
    book.take(*map(event, range(20, 25)))
    book.sequence()
    book.sign()
    restored.signals.signed()
    restored.until(lambda: restored.signals.alarm is not None)
    assert "another history" in str(restored.signals.alarm)
    assert "at size 4" in str(restored.signals.alarm)


def _signed(database: Database) -> int:
    newest = publication.newest_signed(database)
    return newest.size if newest else 0


def test_a_leader_whose_witnesses_agree_is_not_kept_waiting(gallery: Gallery) -> None:
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    began = time.monotonic()
    assurance(gallery, patience=15)(threading.Event())
    assert time.monotonic() - began < 10


def test_a_witness_that_comes_late_is_heard(restored: Gallery) -> None:
    for witness in restored.all.values():
        witness.away = True

    def come() -> None:
        time.sleep(0.2)
        restored["W1"].away = False

    threading.Thread(target=come).start()
    restored.book.take_lead()
    with pytest.raises(OtherHistory, match="W1"):
        assurance(restored, patience=15)(threading.Event())


def test_one_that_shows_a_stranger_s_note_proves_nothing(gallery: Gallery) -> None:
    gallery["W1"].note = "other.example/log\n1\nAAAA\n\n— x y\n"
    assurance(gallery, patience=0.3)(threading.Event())


@pytest.mark.parametrize("shown", [(500, b"no"), (200, b"\xff\xfe"), (200, b"x" * 2**17)])
def test_one_that_shows_nothing_readable_has_not_answered(
    gallery: Gallery, shown: tuple[int, bytes]
) -> None:
    gallery["W1"].newest = lambda: shown  # type: ignore[method-assign]
    with pytest.raises(UnansweredError):
        gallery.witnessing.witnesses.newest("W1-1")


def test_a_stop_ends_the_waiting(gallery: Gallery) -> None:
    for witness in gallery.all.values():
        witness.away = True
    stopping = threading.Event()
    stopping.set()
    assurance(gallery, patience=600)(stopping)


def test_without_a_directory_nothing_is_asked(book: Logbook, tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, book)
    gallery.directory._members = {}
    assurance(gallery, patience=0)(threading.Event())
    grow(gallery, 1)
    assert gallery.witnessing.work() is False
    assert (gallery.shown(), gallery.outcome("W1")) == (0, None)
