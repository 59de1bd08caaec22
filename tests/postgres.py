"""A PostgreSQL server for tests: a given one, or a throw-away cluster from the system's binaries.

`postgres_url` is the server; `postgres_database` gives a test a database of its own. Without a server
the tests that need one are skipped, and the summary says so.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from deploy import bench_postgres

GIVEN = "ROGATORY_TEST_PG_URL"
BINARIES = "/usr/lib/postgresql"
FAST = ("fsync=off", "full_page_writes=off", "max_connections=100", "listen_addresses=127.0.0.1")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    given = os.environ.get(GIVEN)  # noqa: TID251 - a test's setting, not the product's
    if given:
        yield given
        return
    found = sorted(Path(BINARIES).glob("*/bin/initdb"))
    if not found:
        pytest.skip(f"no PostgreSQL: set {GIVEN} or install its server in {BINARIES}")
    with (
        tempfile.TemporaryDirectory(prefix="rogatory-pg-", ignore_cleanup_errors=True) as name,
        bench_postgres.cluster(found[-1].parent, Path(name), FAST) as url,
    ):
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
