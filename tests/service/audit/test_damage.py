"""F13: a torn or flipped byte of a stored log is found, or it changed nothing that the log says."""

import random  # noqa: TID251 - a seed, so that a run can be repeated
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import publication, sequencing, tables
from services.audit.alarms import CorruptLog, SignerRefusal
from services.audit.signer import Signer
from shared.runtime.database import DamagedError, open_database
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    ORIGIN,
    Logbook,
    MortalDatabase,
    event,
    request_id,
)

SIZE = 60
# What the log says, and what an inspection makes anew. The rest are times of arrival and digests that
# only this process could make, and the index, which is made anew when it is damaged.
SAID = {
    "log_head": ("size", "root"),
    "log_entry": tuple(column.name for column in tables.log_entry.columns),
    "tree_node": ("position", "hash"),
    "checkpoint": ("size", "note"),
    "published": ("size", "note"),
    "opening": ("idx", "name", "owner", "salt", "sealed"),
    "case_key": ("owner", "wrapped"),
    "inbox": ("event_id", "idx"),
}


@pytest.fixture(scope="module")
def written(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a log, its write-ahead log taken in."""
    folder = tmp_path_factory.mktemp("written")
    shutil.copy(migrated_file, folder / "audit.sqlite")
    logbook = opened(folder)
    logbook.open()
    for number in range(1, SIZE, 3):
        told = {"case_id": request_id(number % 7), "peer": "QN", "personal": {"officer": "Q. E."}}
        logbook.record(event(number, **told), event(number + 1, peer="QX"), event(number + 2))
    logbook.database.close()
    return folder


def opened(folder: Path) -> Logbook:
    database = open_database(f"sqlite:///{folder}/audit.sqlite")
    return Logbook(MortalDatabase(database.engine, database.sessions), folder)


def content(logbook: Logbook) -> dict[str, object] | None:
    """All that the log says, None if the database itself cannot read it."""
    found: dict[str, object] = {}
    try:
        with logbook.database.read() as db:
            for name, columns in SAID.items():
                table = tables.metadata.tables[name]
                query = sa.select(*(table.c[column] for column in columns))
                found[name] = sorted(map(tuple, db.execute(query)))
    except (DamagedError, ValueError, TypeError, sa.exc.DBAPIError):
        return None
    return found


def flawed(logbook: Logbook) -> CorruptLog | None:
    try:
        logbook.inspect()
    except CorruptLog as flaw:
        return flaw
    return None


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path


def offsets(size: int, flips: int) -> list[int]:
    """Some bytes behind the file's first page, the same in every run."""
    return random.Random(1913).sample(range(4096, size), flips)  # noqa: S311 - not for secrets


@pytest.mark.parametrize("flips", [24, pytest.param(400, marks=pytest.mark.soak)])
def test_a_flipped_byte_is_found_or_says_nothing(written: Path, tmp_path: Path, flips: int) -> None:
    good = content(opened(written))
    whole = (written / "audit.sqlite").read_bytes()
    found = 0
    for number, offset in enumerate(offsets(len(whole), flips)):
        folder = tmp_path / str(number)
        shutil.copytree(written, folder)
        flipped = whole[:offset] + bytes([whole[offset] ^ 0x41]) + whole[offset + 1 :]
        (folder / "audit.sqlite").write_bytes(flipped)
        logbook = opened(folder)
        flaw, said = flawed(logbook), content(logbook)
        logbook.database.close()
        assert flaw is not None or said == good, f"offset {offset} is not noticed"
        found += flaw is not None
    assert found > flips // 4  # most pages hold what the log says


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off(copy: Path, kept: float) -> None:
    file = copy / "audit.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept) // 4096 * 4096])
    logbook = opened(copy)
    flaw = flawed(logbook)
    assert flaw is not None
    assert 0 <= flaw.index <= SIZE + 1
    logbook.database.close()


def test_an_entry_that_cannot_be_read_is_named(copy: Path) -> None:
    """The value of a column becomes one that no reader of it takes."""
    logbook = opened(copy)
    with logbook.database.begin() as db:
        for verb in ("update", "delete"):
            db.execute(sa.text(f"DROP TRIGGER log_entry_{verb}"))
        db.execute(sa.text("UPDATE log_entry SET seq_time = 'a while ago' WHERE idx = 33"))
    flaw = flawed(logbook)
    assert flaw is not None
    assert (flaw.index, "cannot be read" in flaw.detail) == (33, True)
    logbook.database.close()


def test_a_write_ahead_log_that_was_torn_is_a_rollback(copy: Path) -> None:
    """What was committed and signed, and then torn off, is what the signer remembers."""
    logbook = opened(copy)
    logbook.clock.back(minutes=-1)
    logbook.open()
    logbook.record(event(SIZE + 5))
    torn = copy / "torn"
    torn.mkdir()
    for name in ("audit.sqlite", "audit.sqlite-wal"):
        shutil.copy(copy / name, torn / name)
    shutil.copytree(copy / "signer", torn / "signer")
    logbook.database.close()
    wal = torn / "audit.sqlite-wal"
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size // 5])
    again = opened(torn)
    again.clock.back(minutes=-2)
    signer = Signer(KEY, torn / "signer")
    epoch = sequencing.open_log(
        database=again.database,
        origin=ORIGIN,
        confidential=CONFIDENTIAL,
        clock=again.clock,
        known=signer.epoch(),
    )
    signer.take(epoch)
    with pytest.raises(SignerRefusal, match="rolled back"):
        publication.sign(database=again.database, signer=signer, clock=again.clock)
    again.database.close()
