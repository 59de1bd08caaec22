"""The directory process: files as they stand, online roles kept fresh, nothing else."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tuf.api.metadata import Metadata, Root, Snapshot, Timestamp

from client.federation import keyfiles
from services.directory import drawing, resigning
from services.directory.main import create
from services.directory.repository import OnlineKeys, ending, read_signer
from services.directory.settings import DirectorySettings
from shared.protocol import ceremonies
from shared.protocol.ceremonies import Office
from shared.protocol.errors import TrustError
from shared.protocol.signingkeys import fingerprint
from shared.runtime.keystore import Keystore
from tests import founding, pacts
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


def test_files_are_served_as_they_stand(
    settings: DirectorySettings, repository: Repository, clock: Clock
) -> None:
    content = pacts.text()
    pacts.place(repository, pacts.named(content), content)
    with TestClient(create(settings, clock=clock)) as client:
        assert client.get("/readyz").json()["parts"] == {"resigner": "ok"}
        for path in settings.directory_repo.rglob("*.*"):
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
        "/targets/pairs/QM-QN.toml",
        f"/targets/pairs/{'0' * 64}.QM-QN.toml",
        f"/targets/pairs/{'0' * 64}.QM-QN.toml.part",
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
    for _ in range(500):
        if resigner.state == "failing":
            break
        time.sleep(0.01)
    hidden.rename(repository.folder)
    clock.at += timedelta(hours=2)
    for _ in range(500):
        if resigner.state == "ok" and expires(repository) == clock.at + timedelta(hours=24):
            break
        time.sleep(0.01)
    alive = [resigner.state]
    resigner.stop()
    alive.append(resigner.state)
    assert alive == ["ok", "stopped"]
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


def test_keys_that_the_root_does_not_name_sign_nothing(repository: Repository) -> None:
    before = repository.metadata("timestamp.json")
    repository.online = OnlineKeys.generate()
    with pytest.raises(TrustError):
        repository.refresh(timedelta(hours=2))
    assert repository.metadata("timestamp.json") == before


def test_new_online_keys_sign_at_once(repository: Repository) -> None:
    repository.online = OnlineKeys.generate()
    seats = {
        "snapshot": Office(keys=(repository.online.snapshot.public_key,), threshold=1),
        "timestamp": Office(keys=(repository.online.timestamp.public_key,), threshold=1),
    }
    current = Metadata[Root].from_bytes(repository.root).signed
    new = ceremonies.next_root(current, seats, NOON)
    founding.put(repository.folder, "root", new, repository.offline.root[:3])
    assert repository.refresh()
    newest = Metadata[Timestamp].from_bytes(repository.metadata("timestamp.json"))
    new.signed.verify_delegate("timestamp", newest.signed_bytes, newest.signatures)


def test_nothing_that_was_published_vanishes(repository: Repository) -> None:
    before = Metadata[Snapshot].from_bytes(repository.newest("snapshot")).signed.meta
    repository.list_anew(ceremonies.expel(repository.targets(), "QN", NOON))
    after = Metadata[Snapshot].from_bytes(repository.newest("snapshot")).signed.meta
    assert before.keys() == after.keys()
    assert after["country-QN.json"] == before["country-QN.json"]


def test_a_list_that_is_not_signed_stops_nobody(repository: Repository) -> None:
    before = repository.newest("snapshot")
    repository.list_anew(ceremonies.renewed(repository.targets(), NOON), signers=1)
    assert repository.newest("snapshot") == before


def test_what_people_have_to_renew_is_told(repository: Repository) -> None:
    assert ending(repository.folder, NOON) == []
    soon = ending(repository.folder, NOON + timedelta(days=70))
    assert [role for role, _ in soon] == ["targets", "country-QM", "country-QN"]


def test_online_keys_are_drawn_where_they_are_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "passphrase").write_text("a passphrase")
    words = [str(tmp_path / "keystore"), str(tmp_path / "passphrase"), str(tmp_path)]
    drawing.main(words)
    said = capsys.readouterr().out
    store = Keystore.open(tmp_path / "keystore", tmp_path / "passphrase")
    for role in ("snapshot", "timestamp"):
        key = keyfiles.read(tmp_path / f"{role}.pub").public
        assert read_signer(store.get(f"online-{role}")).public_key.keyid == key.keyid
        assert fingerprint(key.keyid) in said
    for wrong in (words, words[:1]):
        with pytest.raises(SystemExit):
            drawing.main(wrong)
