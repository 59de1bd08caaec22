"""Death between the signature and its row, and of a process that works as fast as it can."""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.runtime.database import open_database
from tests.service.audit.logbook import START, Dead, Logbook, MortalDatabase, SetClock, event


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
