from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.runtime.database import migrate, open_database
from tests.service.audit.logbook import Logbook, MortalDatabase

MIGRATIONS = "services.audit.migrations"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MortalDatabase]:
    url = f"sqlite:///{tmp_path}/audit.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    opened = open_database(url)
    migrate(opened, MIGRATIONS)
    yield MortalDatabase(opened.engine, opened.sessions)
    opened.close()


@pytest.fixture
def logbook(database: MortalDatabase, tmp_path: Path) -> Iterator[Logbook]:
    book = Logbook(database, tmp_path)
    book.open()
    yield book
    book.signer.close()
