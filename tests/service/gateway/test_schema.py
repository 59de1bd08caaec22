"""The gateway's migrations make exactly the tables that its code reads."""

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.gateway.tables import Base
from shared.runtime.database import migrate, open_database
from tests.postgres import postgres_database, postgres_url

__all__ = ["postgres_database", "postgres_url"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_migrations_make_the_tables(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    sqlite = f"sqlite:///{tmp_path / 'x.sqlite'}"
    url = sqlite if kind == "sqlite" else request.getfixturevalue("postgres_database")
    with closing(open_database(url)) as database:
        migrate(database, "services.gateway.migrations")
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
            names = sa.inspect(connection).get_table_names()
    assert set(names) == {*Base.metadata.tables, "alembic_version"}
