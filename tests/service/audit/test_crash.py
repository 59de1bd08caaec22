"""Death on both sides of every commit, and what the next start makes of it."""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.runtime.database import open_database
from tests.service.audit.logbook import START, Dead, Logbook, MortalDatabase, SetClock, event

# What dies, and how many transactions of the log come before.
STEPS = {"take": 0, "sequence": 1, "publish": 2}


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
@pytest.mark.parametrize("step", STEPS)
def test_death_at_a_commit(logbook: Logbook, step: str, fault: str) -> None:
    logbook.record(event(7))
    logbook.plan(*[None] * STEPS[step], fault)
    with pytest.raises(Dead):
        logbook.record(event(1), event(2))
    logbook.restart()
    recorded = logbook.record(event(1), event(2))
    assert [each.index for each in recorded] == [2, 3]
    assert logbook.inspect() == 4


@pytest.mark.parametrize("second", ["not persisted", "persisted"])
@pytest.mark.parametrize("first", ["not persisted", "persisted"])
def test_death_and_death_again_in_the_recovery(logbook: Logbook, first: str, second: str) -> None:
    logbook.take(event(1))
    logbook.plan(first)
    with pytest.raises(Dead):
        logbook.sequence()
    logbook.plan(second)
    with pytest.raises(Dead):
        logbook.restart()
    logbook.restart()
    assert [each.index for each in logbook.record(event(1))] == [1]
    assert logbook.inspect() == 2


def test_death_between_the_signature_and_its_row(logbook: Logbook) -> None:
    logbook.take(event(1))
    logbook.sequence()
    logbook.plan("not persisted")
    with pytest.raises(Dead):
        logbook.publish()
    assert logbook.signer.last
    note = logbook.signer.last.note
    logbook.restart()
    (recorded,) = logbook.ask(event(1))
    assert recorded.proof.endswith(note)  # the same head was not signed anew


def test_a_killed_process_has_lost_nothing_it_told(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "audit.sqlite")
    told: dict[int, int] = {}
    for start, lines in ((1, 3), (2001, 8), (3001, 13)):
        command = [sys.executable, "-m", "tests.service.audit.crashing", f"{tmp_path}", f"{start}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            assert process.stdout
            for _, line in zip(range(lines), process.stdout, strict=False):
                numbers = [int(each) for each in line.split()]
                told[numbers[0]] = numbers[1]
            process.kill()
    opened = open_database(f"sqlite:///{tmp_path}/audit.sqlite")
    book = Logbook(
        MortalDatabase(opened.engine, opened.sessions),
        tmp_path,
        SetClock(START + timedelta(days=365)),
    )
    book.open()
    assert len(told) == 24
    for number, index in told.items():
        assert book.ask(event(number))[0].index == index
    assert book.inspect() >= 25
    opened.close()
