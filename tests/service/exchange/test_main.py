"""The exchange as a whole: it starts with its jobs, says how it is, and its schema is what it says."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient

from services.exchange.tables import Base
from shared.runtime.database import migrate, open_database
from tests.service.exchange.node import Node


def test_it_starts_its_jobs_and_stops_them(qn: Node) -> None:
    with TestClient(qn.app) as client:
        parts = client.get("/readyz").json()["parts"]
        assert parts["directory"] == "ok"
        assert {parts[job] for job in ("closer", "courier", "recorder", "fetcher")} == {"ok"}
    stopped = TestClient(qn.app).get("/readyz")
    assert stopped.status_code == 503
    assert stopped.json()["parts"]["closer"] == "not running"


def test_only_the_gateway_is_served(qn: Node) -> None:
    answer = TestClient(qn.app).get("/v1/requests")
    assert (answer.status_code, answer.json()["code"]) == (401, "no_assertion")


def differences(url: str) -> list[object]:
    database = open_database(url)
    migrate(database, "services.exchange.migrations")
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[object] = compare_metadata(context, Base.metadata)
        names = sa.inspect(connection).get_table_names()
    database.close()
    assert set(names) == {*Base.metadata.tables, "alembic_version"}
    return found


def test_the_migrations_make_the_tables(tmp_path: Path) -> None:
    assert differences(f"sqlite:///{tmp_path / 'x.sqlite'}") == []


def test_the_migrations_make_the_tables_on_postgresql(postgres_database: str) -> None:
    assert differences(postgres_database) == []
