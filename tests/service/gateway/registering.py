"""An office of clients over a database of its own, and what is proposed there."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.audit import events
from services.audit.events import Event
from services.gateway import enrolment, store
from services.gateway.clients import Office
from services.gateway.records import Act, Draft, Key, Person
from shared.protocol import canonical, jwk
from shared.runtime.database import Database, migrate, open_database

START = datetime(2026, 11, 22, 6, tzinfo=UTC)
OPS = Person(client_id="urn:rogatory:QM:ops", officer="A. Operator")
REGISTRAR = Person(client_id="urn:rogatory:QM:registrar", officer="R. Registrar")
ID = "urn:rogatory:QM:lab-7"


class Desk:
    """An office over a database of its own, with a clock that stands."""

    def __init__(self, database: Database) -> None:
        self.now = START
        self.database = database
        self.office = Office(database=database, country="QM", clock=lambda: self.now)

    def events(self) -> list[tuple[str, str]]:
        with self.database.read() as db:
            held: list[Any] = [canonical.parse(event) for _, event in store.denials(db, 100)]
        for each in held:  # the audit log takes it as it is
            events.check(Event.model_validate(each))
            events.check_writer(Event.model_validate(each), "gateway")
        return [(each["type"], each["reason"]) for each in held]

    def add(self) -> None:
        proposal = self.office.propose(adding(), OPS)
        self.office.approve(proposal.proposal_id, REGISTRAR)


@pytest.fixture(scope="session")
def registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry, migrated once."""
    file = tmp_path_factory.mktemp("registry") / "gateway.sqlite"
    with closing(open_database(f"sqlite:///{file}")) as database:
        migrate(database, "services.gateway.migrations")
    return file


@pytest.fixture
def desk(registry_file: Path, tmp_path: Path) -> Iterator[Desk]:
    file = shutil.copy(registry_file, tmp_path)
    with closing(open_database(f"sqlite:///{file}")) as database:
        yield Desk(database)


def key(days: int = 90) -> Key:
    end = int((START + timedelta(days=days)).timestamp())
    public = jwk.public_part(jwk.generate())
    return enrolment.read_key({**public, "exp": end}, now=int(START.timestamp()))


def adding(**changes: Any) -> Draft:  # noqa: ANN401 - any member
    given = {"role": "preparer", "scopes": ("requests:read",), "keys": (key(),), **changes}
    return Draft(act=Act.ADD, client_id=ID, reason="the laboratory begins", **given)


def about(act: Act, **given: Any) -> Draft:  # noqa: ANN401 - any member
    return Draft(act=act, client_id=ID, reason="because", **given)
