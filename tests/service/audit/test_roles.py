"""F31: what the service's own role may do on PostgreSQL, and every statement that it may not."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from services.audit import schema, tables
from services.audit.indexing import KEPT, Indexer
from services.audit.main import create
from services.audit.settings import SchemaSettings
from services.audit.store import grants
from shared.protocol.canonical import b64u
from shared.runtime.database import SchemaError, migrate, open_database
from tests.service.audit.caller import Keys, Node, settings, told
from tests.service.audit.conftest import MIGRATIONS
from tests.service.audit.logbook import CONFIDENTIAL, Logbook, MortalDatabase, event, transfer
from tests.service.audit.witness_stand import Federation, Stand
from tests.unit.shared.protocol.worked_growth import FORK, note

APPEND_ONLY = [name for name, rights in grants.GRANTS.items() if rights == grants.APPEND]
FIXED = [name for name, rights in grants.GRANTS.items() if "DELETE" not in rights]


def _for_each(names: Iterable[str], what: str, statement: str) -> dict[str, str]:
    return {f"{what} {name}": statement.replace("TABLE_NAME", name) for name in names}


FORBIDDEN = {
    **_for_each(APPEND_ONLY, "change", "UPDATE TABLE_NAME SET {column} = NULL"),
    **_for_each(FIXED, "remove from", "DELETE FROM TABLE_NAME"),
    **_for_each(grants.GRANTS, "empty", "TRUNCATE TABLE_NAME CASCADE"),
    **_for_each(grants.GRANTS, "drop", "DROP TABLE TABLE_NAME CASCADE"),
    **_for_each(grants.GRANTS, "disable triggers of", "ALTER TABLE TABLE_NAME DISABLE TRIGGER ALL"),
    "disable all triggers": "SET session_replication_role = replica",
    "become the owner": "SET ROLE {owner}",
    "take a table": "ALTER TABLE log_entry OWNER TO {service}",
    "drop a trigger": "DROP TRIGGER log_entry_fixed ON log_entry",
    "replace a trigger's function": (
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NEW; END $$"
    ),
    "make a function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "make a rule": "CREATE RULE r AS ON INSERT TO log_entry DO INSTEAD NOTHING",
    "make a table": "CREATE TABLE t (i int)",
    "make a temporary table": "CREATE TEMP TABLE log_entry (i int)",
    "make a schema": "CREATE SCHEMA s",
    "make a role": "CREATE ROLE r",
    "read the server's files": "COPY log_entry FROM '/etc/hosts'",
    "run a program": "COPY log_entry FROM PROGRAM 'true'",
    "shrink the head": "UPDATE log_head SET size = 1",
    "lower the epoch": "UPDATE log_head SET epoch = 0",
    "turn back the head's time": "UPDATE log_head SET last_time = '2001-01-01'",
    "another root at one size": "UPDATE log_head SET root = '\\x00'",
    "another number of the head": "UPDATE log_head SET id = 2",
    "advance the head over nothing": "UPDATE log_head SET size = size + 1, root = '\\x00'",
    "a second head": (
        "INSERT INTO log_head SELECT 2, size, root, epoch, last_time FROM log_head WHERE id = 1"
    ),
    "an entry behind a gap": (
        "INSERT INTO log_entry (idx, body, event_id, seq_time) SELECT 7, body, 'x', seq_time"
        " FROM log_entry WHERE idx = 1"
    ),
    "an entry in front": (
        "INSERT INTO log_entry (idx, body, event_id, seq_time) SELECT -1, body, 'x', seq_time"
        " FROM log_entry WHERE idx = 1"
    ),
    "a back-dated entry": (
        "INSERT INTO log_entry (idx, body, event_id, seq_time)"
        " VALUES (2, '\\x00', 'x', '2001-01-01')"
    ),
    "an event that never waited": (
        "INSERT INTO inbox (event_id, tag, received_at, idx) VALUES ('x', '\\x00', now(), 1)"
    ),
    "another event under an id": "UPDATE inbox SET tag = '\\x00'",
    "another place of an event": "UPDATE inbox SET idx = 0 WHERE idx IS NOT NULL",
    "another release": "UPDATE alembic_version SET version_num = '0001'",
}
MAY = sa.text("SELECT has_table_privilege(:role, 'log_entry', :right)")
REFUSALS = (
    "permission denied|must be owner|must be able to|must be superuser"  # PostgreSQL's own
    "|append only|forward only|out of order|one row|counts other entries"  # of our triggers
)


@dataclass(frozen=True)
class Roles:
    """A database that one role owns and another uses."""

    owner: str
    service: str
    url: sa.URL

    def url_of(self, role: str) -> str:
        return self.url.set(username=role, password=role).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def roles(postgres_url: str) -> Iterator[Roles]:
    name = f"audit_{secrets.token_hex(6)}"
    made = Roles(f"{name}_owner", name, make_url(postgres_url).set(database=name))
    statements = [
        *(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'" for role in (made.owner, made.service)),
        f"CREATE DATABASE {name} OWNER {made.owner}",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {made.service}",
    ]
    with psycopg.connect(postgres_url, autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())
    yield made
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        server.execute(f"DROP ROLE {made.owner}, {made.service}".encode())


def _prepare(roles: Roles) -> None:
    schema.prepare(SchemaSettings(database=roles.url_of(roles.owner), database_role=roles.service))


@pytest.fixture(scope="module")
def prepared(roles: Roles) -> Roles:
    service = open_database(roles.url_of(roles.service))
    with pytest.raises(SchemaError, match="at nothing"):
        migrate(service, MIGRATIONS)
    service.close()
    _prepare(roles)
    environment = {
        **os.environ,  # noqa: TID251 - what a process needs to run at all
        "ROGATORY_DATABASE": roles.url_of(roles.owner),
        "ROGATORY_DATABASE_ROLE": roles.service,
    }
    # Twice is once.
    subprocess.run([sys.executable, "-m", "services.audit.schema"], env=environment, check=True)
    return roles


@pytest.fixture(scope="module")
def kept(prepared: Roles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logbook]:
    """A log that the service's role opened and filled."""
    opened = open_database(prepared.url_of(prepared.service))
    migrate(opened, MIGRATIONS)
    database = MortalDatabase(opened.engine, opened.sessions)
    book = Logbook(database, tmp_path_factory.mktemp("kept"))
    book.open()
    case = {"personal": {"officer": "Q. Example"}}
    (theirs,) = book.record(event(1, **transfer(**case)))
    received = transfer(type="transfer.received", direction="in", channel="QN>QM")
    received["counterpart"] = {"leaf": b64u(theirs.leaf), "proof": theirs.proof}
    book.record(event(3, **received))
    yield book
    opened.close()


def test_the_service_works_with_what_it_may_do(kept: Logbook) -> None:
    (recorded,) = kept.record(event(2))
    kept.restart()
    assert kept.record(event(2)) == [recorded]
    assert kept.inspect() == recorded.index + 1


def test_the_service_witnesses_other_logs(kept: Logbook, tmp_path: Path) -> None:
    stand = Stand(kept.database, tmp_path, Federation(tmp_path / "federation", ("QM", "QN")))
    assert [stand.grow(*sizes).status for sizes in [(0, 3), (3, 5)]] == [200, 200]
    assert stand.add(5, note(5, FORK)).status == 422
    assert len(stand.evidence()) == 1
    kept.sequence()
    kept.publish()
    kept.inspect()


def test_the_service_erases_openings(kept: Logbook) -> None:
    with kept.database.begin() as db:
        db.execute(tables.opening.delete())
        db.execute(tables.case_key.delete())
    with kept.database.read() as db:
        assert not db.execute(sa.select(tables.opening)).all()
    kept.inspect()


def test_the_service_keeps_its_index_and_makes_it_anew(kept: Logbook) -> None:
    job = Indexer(
        database=kept.database,
        confidential=CONFIDENTIAL,
        clock=kept.clock,
        every=timedelta(0),
        glance=timedelta(0),
    )
    assert job.work()
    kept.record(event(4, **transfer(peer="QX", channel="QM>QX")))
    with kept.database.begin() as db:
        db.execute(tables.index_node.delete())
    assert job.work()  # it sees the damage, and begins anew
    assert job.work()
    kept.record(event(5, **transfer(peer="QX", channel="QM>QX", seq=4)))
    assert job.work()  # what was replaced stays a while
    kept.clock.back(seconds=-2 * KEPT.total_seconds())
    kept.record(event(6))
    assert job.work()  # and goes
    kept.inspect()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_service_may_not(kept: Logbook, prepared: Roles, statement: str) -> None:
    before = kept.inspect()
    text = FORBIDDEN[statement]
    if "{column}" in text:
        name = text.split()[1]
        column = next(iter(tables.metadata.tables[name].c)).name
        text = text.replace("{column}", column)
    text = text.format(owner=prepared.owner, service=prepared.service)
    with pytest.raises(sa.exc.DBAPIError, match=REFUSALS), kept.database.begin() as db:
        db.execute(sa.text(text.replace(":", "\\:")))
    assert kept.inspect() == before


def test_every_table_has_its_line() -> None:
    assert set(grants.GRANTS) == {*tables.metadata.tables, "alembic_version"}


def test_rights_that_were_given_beside_the_list_are_taken_away(prepared: Roles) -> None:
    owner = open_database(prepared.url_of(prepared.owner))
    with owner.begin() as db:
        db.execute(sa.text(f"GRANT UPDATE, DELETE, TRIGGER ON log_entry TO {prepared.service}"))
        db.execute(sa.text("GRANT UPDATE ON log_entry TO PUBLIC"))
    _prepare(prepared)
    with owner.read() as db:
        for right in ("UPDATE", "DELETE", "TRIGGER"):
            assert not db.scalar(MAY, {"role": prepared.service, "right": right})
    owner.close()


def test_the_service_cannot_give_itself_rights(kept: Logbook, prepared: Roles) -> None:
    with kept.database.begin() as db:
        db.execute(sa.text(f"GRANT UPDATE ON log_entry TO {prepared.service}"))  # a warning
    with kept.database.read() as db:
        assert not db.scalar(MAY, {"role": prepared.service, "right": "UPDATE"})


def test_the_whole_service_runs_as_its_role(kept: Logbook, prepared: Roles, keys: Keys) -> None:
    url = prepared.url_of(prepared.service)
    log = settings(keys, kept.folder).model_copy(update={"database": url})
    with TestClient(create(log, kept.clock)) as client:
        node = Node(client, keys, kept.clock)
        answer = node.post(told(7))
        until = monotonic() + 30
        while answer.status_code == 503 and monotonic() < until:  # it may not lead yet
            sleep(0.1)
            answer = node.post(told(7))
        assert answer.json()["results"][0]["index"] > 0
    kept.restart()
