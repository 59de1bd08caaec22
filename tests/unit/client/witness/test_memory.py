"""What a witness knows is never changed, lost or begun anew."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from client.errors import IntegrityError, StateError, UsageError
from client.witness.setup import KEY, MEMORY, open_folder
from tests.unit.shared.protocol.worked_growth import head
from tests.unit.shared.protocol.worked_log import TIME
from tests.witness_at_work import Desk


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM note",
        "UPDATE note SET seen = ''",
        "DELETE FROM head",
        "UPDATE head SET size = 1",
        "INSERT INTO note SELECT origin, size, x'00', 1, note, seen FROM note",
    ],
)
def test_the_file_itself_forbids_it(desk: Desk, statement: str) -> None:
    desk.grow(0, 3)
    with (
        closing(sqlite3.connect(desk.folder / MEMORY)) as connection,
        pytest.raises(sqlite3.IntegrityError),
    ):
        connection.execute(statement)


def test_what_was_not_finished_did_not_happen(desk: Desk) -> None:
    def stop() -> None:
        with desk.witness.memory.writing() as book:
            book.accept(head(3), "note", "cosigned", TIME)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert desk.grow(0, 5).status == 200


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_folder(tmp_path / "w", None)
    made, _ = open_folder(tmp_path / "w", "oversight.example/w1")
    assert (tmp_path / "w" / KEY).stat().st_mode & 0o777 == 0o600
    assert open_folder(tmp_path / "w", None)[0] == made
    with pytest.raises(StateError):
        open_folder(tmp_path / "w", "oversight.example/w2")


def test_a_witness_without_its_memory_does_not_start(desk: Desk) -> None:
    (desk.folder / MEMORY).unlink()
    with pytest.raises(IntegrityError, match="lost its memory"):
        desk.start()
