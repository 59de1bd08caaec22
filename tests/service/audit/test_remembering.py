"""F21: a witness whose memory was lost or taken back does not cosign a second history."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.audit.acquaintance import Acquaintance, claimants
from services.audit.remembering import Memory
from services.audit.store import witness
from shared.protocol import merkle
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import WitnessKey, cosign, verify_cosignatures
from shared.protocol.witnessing import monitoring_path
from shared.runtime.database import open_database
from shared.runtime.refusals import Unavailable
from tests.service.audit.logbook import WITNESS, MortalDatabase
from tests.service.audit.witness_stand import OWN, Stand
from tests.unit.shared.protocol.worked_growth import FORK, LEAVES, note, proof
from tests.unit.shared.protocol.worked_log import ORIGIN, TIME

FORGED = note(8, merkle.root([bytes(32), *LEAVES[1:]]))


Restored = Callable[[Stand], None]


@pytest.fixture
def restored(migrated_file: Path, tmp_path: Path) -> Restored:
    """Put a database in the place of the present one: empty, or a copy that was made before."""

    def restore(stand: Stand) -> None:
        stand.database.engine.dispose()
        source = tmp_path / "backup.sqlite"
        for left in tmp_path.glob("audit.sqlite*"):
            left.unlink()
        shutil.copy(source if source.exists() else migrated_file, tmp_path / "audit.sqlite")
        opened = open_database(f"sqlite:///{tmp_path}/audit.sqlite")
        stand.database = MortalDatabase(opened.engine, opened.sessions)
        stand.start()

    return restore


def backup(stand: Stand) -> None:
    stand.database.engine.dispose()
    shutil.copy(stand.folder / "audit.sqlite", stand.folder / "backup.sqlite")


def refused(stand: Stand, old: int, sent: str, hashes: list[bytes] | None = None) -> str:
    with pytest.raises(Unavailable) as found:
        stand.add(old, sent, hashes)
    return found.value.code


@pytest.mark.parametrize("kept", ["an old copy", "nothing"])
def test_f21_a_database_that_was_taken_back_is_rolled_forward(
    stand: Stand, restored: Restored, kept: str
) -> None:
    stand.grow(0, 3)
    if kept == "an old copy":
        backup(stand)
    stand.grow(3, 5)
    restored(stand)
    known = stand.cosigned()
    assert (known or "").split("\n")[1:2] == (["3"] if kept == "an old copy" else [])
    assert stand.add(3, FORGED, []).body == "5\n", "it knows what it cosigned last"
    assert stand.grow(5, 8).status == 200
    assert verify_cosignatures(stand.cosigner.newest(monitoring_path(ORIGIN)), OWN)


def test_f21_what_was_rolled_forward_convicts_as_before(stand: Stand, restored: Restored) -> None:
    stand.grow(0, 5)
    restored(stand)
    assert stand.add(5, note(5, FORK)).status == 422
    assert len(stand.evidence()) == 1


def test_f21_without_its_second_memory_it_does_not_cosign(stand: Stand) -> None:
    stand.grow(0, 3)
    shutil.rmtree(stand.marks)
    stand.start()
    assert "lost" in stand.cosigner.state
    assert refused(stand, 3, note(5), proof(3, 5)) == "witness_forgot"
    assert stand.cosigned() == stand.cosigner.newest(monitoring_path(ORIGIN)), "it still shows"


def test_f21_a_new_key_goes_on_from_what_the_old_one_cosigned(stand: Stand) -> None:
    """The way out when the second memory is gone for ever: the old key never signs again."""
    stand.grow(0, 3)
    shutil.rmtree(stand.marks)
    memory = stand.cosigner.memory
    fresh = Memory(
        vkeys=WitnessKey.generate("qm.rogatory.example/witness-2").vkeys(),
        database=memory.database,
        marks=memory.marks,
        ask=memory.ask,
        clock=memory.clock,
    )
    assert fresh.state == "ok"
    (log,) = [each for each in _logs(stand) if each.origin == ORIGIN]
    fresh.awaken(log)
    with stand.database.begin() as db:
        assert fresh.last(db, log) == stand.cosigned()


def test_f21_the_second_memory_of_an_older_key_is_as_good(stand: Stand, restored: Restored) -> None:
    """Both the log and our witness have changed their keys since the note that is found there."""
    key = WitnessKey.generate("qm.rogatory.example/witness")
    (origin,) = [each for each in _logs(stand) if each.origin == ORIGIN]
    newer = tuple(LogKey.generate(ORIGIN).vkeys())
    marks = stand.cosigner.memory.marks
    marks.begin()
    marks.advance(note(5) + cosign(note(5), key, TIME))
    restored(stand)
    with stand.database.begin() as db:
        last = stand.cosigner.memory.last(db, replace(origin, vkeys=newer)) or ""
    assert last.startswith(f"{ORIGIN}\n5\n")
    assert stand.cosigned() == last
    assert stand.grow(5, 8).status == 200


def test_f21_when_both_are_lost_the_log_shows_what_was_cosigned(
    stand: Stand, restored: Restored
) -> None:
    """A log's published checkpoint bears our lines: from there the witness goes on."""
    lines = stand.grow(0, 5).body
    shutil.rmtree(stand.marks)
    stand.published = lambda: note(5) + lines
    restored(stand)
    assert stand.add(0, FORGED).body == "5\n"
    assert stand.add(5, note(5, FORK)).status == 422
    assert stand.evidence(), "what was learned convicts as well"
    assert stand.grow(5, 8).status == 200
    assert stand.asked == ["QN", "QN"], "once in each life"


def test_f21_when_both_are_lost_and_the_log_is_silent_nothing_is_cosigned(
    stand: Stand, restored: Restored
) -> None:
    def silent() -> str | None:
        raise Unavailable("log_unanswered", "The log does not answer.")

    stand.grow(0, 5)
    shutil.rmtree(stand.marks)
    stand.published = silent
    restored(stand)
    assert refused(stand, 0, FORGED) == "log_unanswered"
    assert refused(stand, 0, note(8)) == "log_unanswered"
    assert stand.cosigned() is None
    stand.published = lambda: None
    assert stand.grow(0, 3).status == 200, "a log that has published nothing is new"


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (note(5), 200),
        (note(5) + cosign(note(5), WitnessKey.generate("other.example/w"), TIME), 200),
        (note(5, key=LogKey.generate(ORIGIN)), 503),
        (note(5) + cosign(note(8), WITNESS, TIME), 503),
        ("<html>", 503),
    ],
    ids=["without our lines", "cosigned by another", "signed by another", "forged", "a page"],
)
def test_what_a_log_shows_at_the_first_contact(stand: Stand, shown: str, status: int) -> None:
    stand.published = lambda: shown
    if status == 200:
        assert stand.grow(0, 3).status == 200
    else:
        assert refused(stand, 0, note(3)) == "witness_forgot"
        assert stand.cosigned() is None


def test_a_log_that_answers_slowly_holds_up_nobody(stand: Stand) -> None:
    asked, answered = threading.Event(), threading.Event()

    def slow() -> str | None:
        asked.set()
        answered.wait(30)
        return None

    stand.published = slow
    first = threading.Thread(target=stand.grow, args=[0, 3])
    first.start()
    assert asked.wait(30)
    assert refused(stand, 0, note(3)) == "log_unanswered", "one call at a time waits for it"
    stand.published = lambda: None
    other = LogKey.generate("qo.example/log")
    assert stand.add(0, note(3, FORK, other)).status == 404, "others are judged meanwhile"
    answered.set()
    first.join()
    assert stand.cosigned()
    assert stand.grow(3, 5).status == 200


def test_nobody_else_can_make_it_ask(stand: Stand) -> None:
    assert stand.add(0, note(3, key=LogKey.generate(ORIGIN))).status == 403
    assert stand.asked == []


@pytest.mark.parametrize(
    "content",
    ["", "x", note(3, FORK), note(4)[:90]],
    ids=["empty", "no note", "another root", "cut short"],
)
def test_memories_that_do_not_agree_stop_it(stand: Stand, content: str) -> None:
    """A bit that flipped, a file from elsewhere: nothing is cosigned until somebody has looked."""
    stand.grow(0, 3)
    (mark,) = stand.marks.glob("*.note")
    mark.write_text(content)
    assert refused(stand, 3, note(5), proof(3, 5)) == "witness_forgot"


def test_death_between_the_commit_and_the_mark(stand: Stand) -> None:
    """The mark stays behind, which is no contradiction: the database is the longer memory."""
    stand.grow(0, 3)
    (mark,) = stand.marks.glob("*.note")
    behind = mark.read_text()
    stand.grow(3, 5)
    mark.write_text(behind)
    stand.start()
    assert stand.grow(5, 8).status == 200
    assert "\n8\n" in mark.read_text()


def test_a_mark_never_goes_back(stand: Stand) -> None:
    stand.grow(0, 5)
    (mark,) = stand.marks.glob("*.note")
    stand.cosigner.memory.marks.advance(note(3))
    assert "\n5\n" in mark.read_text()
    shutil.rmtree(stand.marks)
    with pytest.raises(FileNotFoundError):
        stand.cosigner.memory.marks.advance(note(8))


def test_a_head_is_read_by_the_place_where_it_is_shown(stand: Stand) -> None:
    stand.grow(0, 3)
    with stand.database.read() as db:
        assert witness.newest(db, monitoring_path(ORIGIN)) == stand.cosigned()
        assert witness.newest(db, monitoring_path("other.example/log")) is None


def _logs(stand: Stand) -> list[Acquaintance]:
    found = claimants(stand.directory.members, "QM")
    return [each for claims in found.values() for each in claims]
