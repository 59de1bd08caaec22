"""The directory is believed from the pinned root alone, and outlives restarts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from shared.protocol import ceremonies
from shared.protocol.errors import TrustError
from shared.runtime.directory import Directory
from shared.runtime.refreshing import Refresher
from shared.runtime.refusals import Refusal
from tests.federated import Repository, document
from tests.simulator import LOSE_REQUEST, Answered, FaultyTransport

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path / "repository", AT)


@pytest.fixture
def directory(repository: Repository, tmp_path: Path) -> Directory:
    return Directory(tmp_path / "directory.json", repository.root)


def code(directory: Directory, country: str) -> str:
    with pytest.raises(Refusal) as caught:
        directory.active(country, AT)
    return caught.value.code


def test_before_the_first_bundle_nobody_is_known(directory: Directory) -> None:
    assert directory.state == "not fetched yet"
    assert code(directory, "QM") == "no_directory"


def test_members_are_known_and_still_after_a_restart(
    directory: Directory, repository: Repository, tmp_path: Path
) -> None:
    directory.adopt(repository.bundle())
    directory.adopt(repository.bundle())
    assert directory.state == "ok"
    again = Directory(tmp_path / "directory.json", repository.root)
    assert again.bundle() == repository.bundle()
    assert again.active("QM", AT).country == "QM"
    assert again.members.keys() == {"QM", "QN"}
    assert code(again, "QX") == "unknown_country"


@pytest.mark.parametrize(
    "changed", [{"status": "suspended"}, {"not_after": int(AT.timestamp())}, {"not_before": 2**39}]
)
def test_a_membership_that_is_not_in_force(
    directory: Directory, repository: Repository, changed: dict[str, object]
) -> None:
    repository.publish(document("QM", **changed))
    directory.adopt(repository.bundle())
    assert code(directory, "QM") == "inactive_country"


def test_what_the_root_does_not_vouch_for_is_not_taken(
    directory: Directory, repository: Repository, tmp_path: Path
) -> None:
    directory.adopt(repository.bundle())
    stranger = Repository.make(tmp_path / "stranger", AT)
    with pytest.raises(TrustError):
        directory.adopt(stranger.bundle())
    assert directory.bundle() == repository.bundle()
    (tmp_path / "directory.json").write_bytes(stranger.bundle())
    with pytest.raises(TrustError):
        Directory(tmp_path / "directory.json", repository.root)


def test_yesterdays_directory_is_not_taken_again(
    directory: Directory, repository: Repository
) -> None:
    yesterday = repository.bundle()
    targets = repository.targets()
    repository.list_anew(ceremonies.suspend(targets, "QM", reason="a test", now=AT))
    directory.adopt(repository.bundle())
    assert code(directory, "QM") == "inactive_country"
    with pytest.raises(TrustError, match="older"):
        directory.adopt(yesterday)
    assert code(directory, "QM") == "inactive_country"
    repository.publish(document("QN", name="news"))
    directory.adopt(repository.bundle())
    with pytest.raises(TrustError, match="country-QN"):
        directory.adopt(repository.bundle(roles=yesterday_roles(repository)))


def without_qn(repository: Repository) -> bytes:
    """A bundle in which one member is left out."""
    return repository.bundle(
        roles={"country-QM": repository.newest("country-QM")},
        members={"QM": repository.member("QM")},
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_who_was_left_out_does_not_come_back_older(
    directory: Directory, repository: Repository, tmp_path: Path, *, restarted: bool
) -> None:
    before = yesterday_roles(repository), {name: repository.member(name) for name in ("QM", "QN")}
    repository.publish(document("QN", status="left"))
    newest = repository.bundle()
    directory.adopt(newest)
    directory.adopt(without_qn(repository))
    if restarted:
        directory = Directory(tmp_path / "directory.json", repository.root)
    assert directory.members.keys() == {"QM"}
    with pytest.raises(TrustError, match="country-QN"):
        directory.adopt(repository.bundle(roles=before[0], members=before[1]))
    assert directory.members.keys() == {"QM"}
    directory.adopt(newest)
    assert directory.member("QN").status == "left"


def test_a_directory_of_before_versions_were_kept_still_counts(
    directory: Directory, repository: Repository, tmp_path: Path
) -> None:
    yesterday = repository.bundle()
    repository.publish(document("QN", name="news"))
    directory.adopt(repository.bundle())
    (tmp_path / "directory-versions.json").unlink()
    again = Directory(tmp_path / "directory.json", repository.root)
    with pytest.raises(TrustError, match="country-QN"):
        again.adopt(yesterday)


@pytest.mark.parametrize("content", [b"", b"[]"])
def test_versions_that_cannot_be_read_are_no_beginning(
    repository: Repository, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "directory-versions.json").write_bytes(content)
    with pytest.raises(TrustError, match="written by this service alone"):
        Directory(tmp_path / "directory.json", repository.root)


def yesterday_roles(repository: Repository) -> dict[str, bytes]:
    return {
        f"country-{name}": repository.metadata(f"1.country-{name}.json") for name in ("QM", "QN")
    }


def test_it_is_fetched_again_and_again(
    directory: Directory, repository: Repository, tmp_path: Path
) -> None:
    now = AT
    stranger = Repository.make(tmp_path / "stranger", AT)
    answers = [
        Answered(status=503, headers={}, content=b""),
        Answered(status=200, headers={}, content=stranger.bundle()),
        Answered(status=200, headers={}, content=repository.bundle()),
    ]
    wire = FaultyTransport(lambda *_: answers.pop(0), [LOSE_REQUEST])
    gateway = httpx.Client(transport=wire, base_url="http://gateway")
    refresher = Refresher(gateway=gateway, directory=directory, clock=lambda: now)
    refresher.begin()
    for _ in range(4):
        assert directory.state == "not fetched yet"
        assert not refresher.work()
        assert not refresher.work()  # not before its time
        now += timedelta(seconds=0.5)
    assert directory.state == "ok"
    assert len(wire.calls) == 4
    refresher.work()  # then once a minute
    assert len(wire.calls) == 4
