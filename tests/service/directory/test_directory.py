"""The directory process: files as they stand, online roles kept fresh, nothing else."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tuf.api.metadata import Metadata, Timestamp

from services.directory import resigning
from services.directory.main import create
from services.directory.settings import DirectorySettings
from shared.runtime.keystore import Keystore
from tests.federated import Repository, document

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path / "repository", NOON)


@pytest.fixture
def settings(repository: Repository, tmp_path: Path) -> DirectorySettings:
    (tmp_path / "passphrase").write_text("a passphrase")
    keystore = Keystore.create(tmp_path / "keystore", tmp_path / "passphrase")
    keystore.put("online-snapshot", repository.online.snapshot.private_bytes)
    keystore.put("online-timestamp", repository.online.timestamp.private_bytes)
    return DirectorySettings(
        directory_listen="127.0.0.1:0",
        directory_repo=repository.folder,
        tls_cert=tmp_path / "unused",
        tls_key=tmp_path / "unused",
        keystore=tmp_path / "keystore",
        passphrase_file=tmp_path / "passphrase",
    )


def expires(repository: Repository) -> datetime:
    return Metadata[Timestamp].from_bytes(repository.metadata("timestamp.json")).signed.expires


def test_files_are_served_as_they_stand(settings: DirectorySettings, clock: Clock) -> None:
    with TestClient(create(settings, clock=clock)) as client:
        assert client.get("/readyz").json()["parts"] == {"resigner": "ok"}
        for path in settings.directory_repo.rglob("*.json"):
            answer = client.get(f"/{path.relative_to(settings.directory_repo)}")
            assert answer.content == path.read_bytes()
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/metadata/9.root.json",
        "/metadata/root.json",
        "/metadata/1.country-qm.json",
        "/metadata/timestamp.json.part",
        "/metadata/..%2f..%2fkeystore%2fstore.json",
        "/targets/members/QM.json",
        "/keystore/store.json",
        "/",
    ],
)
def test_nothing_else_is_served(settings: DirectorySettings, clock: Clock, path: str) -> None:
    with TestClient(create(settings, clock=clock)) as client:
        assert client.get(path).status_code == 404


def test_a_start_after_days_makes_it_fresh(
    settings: DirectorySettings, repository: Repository, clock: Clock
) -> None:
    clock.at += timedelta(days=5)
    with TestClient(create(settings, clock=clock)):
        assert expires(repository) == clock.at + timedelta(hours=24)


def test_the_watch_goes_on_after_a_failure(repository: Repository, clock: Clock) -> None:
    class Hasty(resigning.Resigner):
        interval = 0.01

    resigner = Hasty(repository.folder, repository.online, clock)
    resigner.start()
    hidden = repository.folder.rename(repository.folder.with_name("hidden"))
    time.sleep(0.1)
    hidden.rename(repository.folder)
    clock.at += timedelta(hours=2)
    for _ in range(500):
        if expires(repository) == clock.at + timedelta(hours=24):
            break
        time.sleep(0.01)
    alive = [resigner.alive]
    resigner.stop()
    alive.append(resigner.alive)
    assert alive == [True, False]
    assert expires(repository) == clock.at + timedelta(hours=24)


def test_a_document_signed_meanwhile_is_published(
    settings: DirectorySettings, repository: Repository, clock: Clock
) -> None:
    before = repository.newest("country-QN")
    with TestClient(create(settings, clock=clock)) as client:
        repository.publish(document("QN", gateway="https://new.example"))
        assert repository.newest("country-QN") != before
        version = len(list((repository.folder / "metadata").glob("*.country-QN.json")))
        assert client.get(f"/metadata/{version}.country-QN.json").status_code == 200
