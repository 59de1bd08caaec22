"""A PostgreSQL of its own for `deploy.bench_log`: as durable as in production, gone afterwards.

`ROGATORY_BENCH_PG_URL` names another server instead (a database on it is created and dropped).
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep

import psycopg
from sqlalchemy import make_url

from deploy import layout

GIVEN = "ROGATORY_BENCH_PG_URL"
BINARIES = Path("/usr/lib/postgresql")
PATIENCE = 30.0  # seconds
OPTIONS = ("fsync=on", "synchronous_commit=on", "max_connections=100", "listen_addresses=127.0.0.1")


@contextlib.contextmanager
def fresh_database() -> Iterator[str | None]:
    """Make an empty database; give its URL, or None where there is no PostgreSQL."""
    with _server() as server:
        if server is None:
            yield None
            return
        name = f"bench_{secrets.token_hex(6)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextlib.contextmanager
def _server() -> Iterator[str | None]:
    given = os.environ.get(GIVEN)  # noqa: TID251 - a measurement's setting, not the product's
    found = sorted(BINARIES.glob("*/bin/initdb"))
    if given is not None or not found:
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="rogatory-bench-pg-") as name,
        cluster(found[-1].parent, Path(name), OPTIONS) as url,
    ):
        yield url


@contextlib.contextmanager
def cluster(binaries: Path, folder: Path, settings: Sequence[str]) -> Iterator[str]:
    """Run a cluster on a free port of 127.0.0.1; PostgreSQL refuses to run as root.

    Args:
        binaries: of the server.
        folder: empty; everything of the cluster lies in it.
        settings: `name=value` each, of the server.

    Yields:
        The URL of its first database.
    """
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data, port = folder / "data", next(layout.free_ports())
    command = [f"{binaries}/initdb", "-D", f"{data}", "-U", "rogatory", "-A", "trust", "--no-sync"]
    subprocess.run(command, user=user, cwd="/", check=True, capture_output=True)
    options = [f"port={port}", f"unix_socket_directories={folder}", *settings]
    server = subprocess.Popen(
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
    try:
        url = f"postgresql://rogatory@127.0.0.1:{port}/postgres"
        _wait_for(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + PATIENCE
    while server.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return
    raise RuntimeError("PostgreSQL did not start")
