"""A PostgreSQL server for tests: a given one, or a throw-away cluster from the system's binaries.

`postgres_url` is the server; `postgres_database` gives a test a database of its own. Without a server
the tests that need one are skipped, and the summary says so.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

GIVEN = "ROGATORY_TEST_PG_URL"
BINARIES = "/usr/lib/postgresql"
START_TIMEOUT = 30.0  # seconds
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
    with _cluster(found[-1].parent) as url:
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextlib.contextmanager
def _cluster(binaries: Path) -> Iterator[str]:
    """Run a cluster on a free port of 127.0.0.1; PostgreSQL refuses to run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="rogatory-pg-"))
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()
    command = [f"{binaries}/initdb", "-D", f"{data}", "-U", "rogatory", "-A", "trust", "--no-sync"]
    subprocess.run(command, user=user, cwd="/", check=True, capture_output=True)  # noqa: S603
    options = [f"port={port}", f"unix_socket_directories={folder}", *FAST]
    server = subprocess.Popen(  # noqa: S603
        [
            f"{binaries}/postgres",
            "-D",
            f"{data}",
            *(part for each in options for part in ("-c", each)),
        ],
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"postgresql://rogatory@127.0.0.1:{port}/postgres"
    try:
        _wait_for(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("PostgreSQL did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
