"""F28: the log's keys change with an overlap; a key that goes too early is noticed, here and abroad."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from services.audit import rotation
from services.audit.alarms import KeysChanged
from services.audit.catalogue import KEY_CHANGED
from services.audit.signer import Signer
from shared.protocol.checkpoints import LogKey, verify_checkpoint
from shared.protocol.errors import MissingSignatureError, SignatureError
from shared.protocol.logproofs import verify_log_proof
from tests.service.audit.logbook import CONFIDENTIAL, KEY, ORIGIN, Dead, Logbook, event

NEW = LogKey(origin=ORIGIN, ed25519=bytes(range(64, 96)), mldsa44=bytes(range(96, 128)))
OLD_ONES, NEW_ONES = KEY.vkeys(), NEW.vkeys()


@dataclass
class Rotating:
    """A log whose process is started anew with other keys."""

    book: Logbook
    folder: Path

    def start(self, *keys: LogKey) -> None:
        first, *more = keys
        self.book.signer = Signer(first, self.folder, *more)
        self.note()
        self.book.open()

    def note(self) -> None:
        rotation.note(
            self.book.signer.vkeys,
            database=self.book.database,
            confidential=CONFIDENTIAL,
            clock=self.book.clock,
        )

    def pass_days(self, days: int) -> None:
        self.book.clock.now += timedelta(days=days)

    def checkpoint(self) -> str:
        while self.book.sequence():
            pass
        self.book.publish()
        last = self.book.signer.last
        assert last is not None
        return last.note


@pytest.fixture
def rotating(logbook: Logbook) -> Rotating:
    made = Rotating(logbook, logbook.signer.folder)
    made.start(KEY)
    return made


def test_28_old_and_new_keys_overlap(rotating: Rotating) -> None:
    book = rotating.book
    (early,) = book.record(event(1))
    rotating.start(KEY, NEW)
    both = rotating.checkpoint()
    for known in (OLD_ONES, NEW_ONES, [*OLD_ONES, *NEW_ONES]):
        assert verify_checkpoint(both, known).origin == ORIGIN
    told = book.leaf(2)
    assert (told.type, told.count) == (KEY_CHANGED, 4)
    assert told.commit == {"vkeys": rotation.commitment([*NEW_ONES, *OLD_ONES])}

    rotating.pass_days(31)
    rotating.start(NEW)
    (late,) = book.record(event(2))
    assert book.leaf(3).commit == {"vkeys": rotation.commitment(NEW_ONES)}
    verify_log_proof(late.proof, late.leaf, NEW_ONES)
    verify_log_proof(early.proof, early.leaf, OLD_ONES)
    assert book.inspect() == 5, "old checkpoints are held against the keys of their time"


@pytest.mark.parametrize("days", [0, 1, 29])
def test_28_a_key_that_goes_too_early_is_noticed_here(rotating: Rotating, days: int) -> None:
    rotating.start(KEY, NEW)
    rotating.checkpoint()
    rotating.pass_days(days)
    with pytest.raises(KeysChanged, match="put those back"):
        rotating.start(NEW)
    rotating.start(KEY, NEW)
    rotating.book.record(event(1))


def test_28_a_key_cannot_be_exchanged_at_once(rotating: Rotating) -> None:
    rotating.pass_days(99)
    with pytest.raises(KeysChanged):
        rotating.start(NEW)


def test_28_and_abroad_it_is_an_unsigned_log(rotating: Rotating) -> None:
    """Whoever still has the directory of before refuses; whoever has the new one does not."""
    rotating.start(KEY, NEW)
    rotating.checkpoint()
    rotating.pass_days(31)
    rotating.start(NEW)
    alone = rotating.checkpoint()
    with pytest.raises(MissingSignatureError):
        verify_checkpoint(alone, OLD_ONES)
    verify_checkpoint(alone, [*OLD_ONES, *NEW_ONES])


def test_28_a_bad_line_of_either_key_counts(rotating: Rotating) -> None:
    rotating.start(KEY, NEW)
    note = rotating.checkpoint()
    lines = note.split("\n")
    ed25519 = lines[4]
    lines[4] = ed25519[:-4] + ("AAA=" if not ed25519.endswith("AAA=") else "BBB=")
    with pytest.raises(SignatureError):
        verify_checkpoint("\n".join(lines), [*OLD_ONES, *NEW_ONES])


@pytest.mark.parametrize("fault", ["persisted", "not persisted"])
def test_the_change_is_told_once(rotating: Rotating, fault: str) -> None:
    first, more = KEY, NEW
    rotating.book.signer = Signer(first, rotating.folder, more)
    rotating.book.plan(fault)
    with pytest.raises(Dead):
        rotating.note()
    rotating.start(KEY, NEW)
    rotating.start(KEY, NEW)
    rotating.checkpoint()
    book = rotating.book
    assert [book.leaf(at).type for at in range(book.inspect())].count(KEY_CHANGED) == 1
