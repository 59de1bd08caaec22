"""What operators are told of disk, database and certificates."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy import certificates
from shared.runtime.condition import Ground, certificate
from shared.runtime.database import Database, open_database
from tests.simulated_node import START


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/a.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    made = open_database(url)
    yield made
    made.close()


def test_the_ground_is_told(database: Database, tmp_path: Path) -> None:
    authority = certificates.tls_authority("A", START)
    (tmp_path / "tls.pem").write_bytes(authority.pem)
    ground = Ground(
        folder=tmp_path,
        database=database,
        clock=lambda: START,
        certificates={"tls": tmp_path / "tls.pem"},
    )
    found = ground.look()
    assert 0 < found.disk.free <= found.disk.total
    assert found.database.kind == database.engine.dialect.name
    assert found.database.version[0].isdigit()
    assert found.database.journal in {"wal", "delete", "on"}
    assert found.database.size >= 0
    assert [each.name for each in found.certificates] == ["tls"]


def test_a_chain_holds_as_long_as_its_shortest() -> None:
    authority = certificates.tls_authority("A", START)
    leaf = certificates.server_certificate(authority, ("127.0.0.1",), START)
    whole = certificate("tls", leaf.pem + authority.pem, START)
    assert whole == certificate("tls", leaf.pem, START)
    assert whole.days_left < certificate("tls", authority.pem, START).days_left
    ended = certificate("tls", leaf.pem, START + timedelta(days=10_000))
    assert ended.days_left < 0
