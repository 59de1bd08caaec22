import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from services.audit.main import create
from services.audit.store import publication
from services.audit.store.publication import Noted
from shared.protocol import canonical, jose
from shared.runtime.database import migrate, open_database
from shared.runtime.keystore import Keystore
from shared.runtime.principals import SERVICES
from tests.federated import Repository, document
from tests.service.audit.caller import Keys, Node, settings
from tests.service.audit.gallery import Gallery
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    ORIGIN,
    START,
    WITNESS,
    Logbook,
    MortalDatabase,
    SetClock,
    request_id,
)
from tests.service.audit.witness_stand import Federation, Stand

MIGRATIONS = "services.audit.migrations"


def own_log(policy: str) -> dict[str, object]:
    """What our member document says of the log."""
    return {
        "origin": ORIGIN,
        "url": "https://qm.example/log",
        "vkeys": KEY.vkeys(),
        "policy": policy,
        "unwitnessed_limit": 14_400,
    }


def note_policy(url: str, text: str = "quorum none\n", limit: int = 14_400) -> None:
    """As if the log had an entry about its policy already, so that tests count their own."""
    opened = open_database(url)
    noted = Noted(number=1, text=text, unwitnessed_limit=limit, event_id=request_id(0))
    with opened.begin() as db:
        publication.note_policy(db, noted, START)
    opened.close()


def _migrated(url: str) -> str:
    opened = open_database(url)
    migrate(opened, MIGRATIONS)
    opened.close()
    return url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database made by the migrations; each test gets a copy."""
    file = tmp_path_factory.mktemp("migrated") / "audit.sqlite"
    _migrated(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The same on PostgreSQL, as a template."""
    name = f"audit_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    _migrated(make_url(postgres_url).set(database=name).render_as_string(hide_password=False))
    return name


@pytest.fixture
def copied_database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    name = f"audit_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}".encode())
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MortalDatabase]:
    """SQLite, or what a test asks for by an indirect parameter."""
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "audit.sqlite")
        opened = open_database(f"sqlite:///{tmp_path}/audit.sqlite")
    else:
        opened = open_database(request.getfixturevalue("copied_database"))
    yield MortalDatabase(opened.engine, opened.sessions)
    opened.close()


@pytest.fixture
def logbook(database: MortalDatabase, tmp_path: Path) -> Logbook:
    book = Logbook(database, tmp_path)
    book.open()
    return book


@pytest.fixture
def book(database: MortalDatabase, tmp_path: Path) -> Logbook:
    """A log whose policy names witnesses: what is signed is not published by itself."""
    made = Logbook(database, tmp_path)
    made.take_lead()
    made.sign()
    return made


@pytest.fixture
def gallery(book: Logbook, tmp_path: Path) -> Gallery:
    """The witnesses of that log."""
    return Gallery(tmp_path, book)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("node")
    (folder / "passphrase").write_text("correct horse")
    keystore = Keystore.create(folder / "keystore", folder / "passphrase")
    keystore.put("log", KEY.to_bytes())
    keystore.put("log-case", CONFIDENTIAL.log_case)
    keystore.put("witness", WITNESS.to_bytes())
    internal = {service: jose.generate() for service in SERVICES}
    keystore.put("internal-audit", canonical.encode(internal["audit"]))
    federation = Repository.make(folder / "federation", START)
    federation.publish(document("QM", log=own_log("quorum none\n")))
    (folder / "root.json").write_bytes(federation.root)
    (folder / "directory.json").write_bytes(federation.bundle())
    for service, key in internal.items():
        public = canonical.encode(jose.public_part(key))
        (folder / f"{service}.pub.jwk").write_bytes(public)
    return Keys(folder, internal)


@pytest.fixture
def node(keys: Keys, migrated_file: Path, tmp_path: Path) -> Iterator[Node]:
    clock = SetClock()
    shutil.copy(migrated_file, tmp_path / "audit.sqlite")
    shutil.copy(keys.folder / "directory.json", tmp_path / "directory.json")
    note_policy(f"sqlite:///{tmp_path}/audit.sqlite")
    with TestClient(create(settings(keys, tmp_path), clock)) as client:
        made = Node(client, keys, clock)
        while made.get("/checkpoint").status_code != 200:  # the first entry is signed soon
            time.sleep(0.01)
        yield made


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Our neighbours in the directory, whose logs our witness knows."""
    return Federation(tmp_path_factory.mktemp("federation") / "repository")


@pytest.fixture
def stand(database: MortalDatabase, tmp_path: Path, federation: Federation) -> Stand:
    """Our witness."""
    return Stand(database, tmp_path, federation)
