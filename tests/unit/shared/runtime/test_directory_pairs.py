"""What a node believes of the treaties between two countries: what both say, and it can read."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from client.standalone import trusting
from client.standalone.forms import Flaw
from shared.protocol.agreements import PairName
from shared.runtime.directory import Directory
from tests import pacts
from tests.federated import Repository
from tests.unit.shared.protocol.law.test_pairreading import BUD, DIGEST, TREATY

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = AT.date()
TEXT = pacts.text()
NAME = pacts.named(TEXT)
OWN = (BUD, f'code = "T-QM-QN"\nsince = 2020-05-01\nprofile = "{DIGEST}"')


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.make(tmp_path / "repository", AT)


@pytest.fixture
def directory(repository: Repository, tmp_path: Path) -> Directory:
    return Directory(tmp_path / "directory.json", repository.root)


def adopt(
    directory: Directory, repository: Repository, *pacts_: tuple[PairName, list[bytes]]
) -> None:
    """Have both countries name these, and the node take it."""
    pacts.agree(repository, *(name for name, _ in pacts_))
    files = {
        path: content
        for name, all_ in pacts_
        for path, content in zip(name.paths, all_, strict=True)
    }
    directory.adopt(repository.bundle(pairs=files) if files else repository.bundle())


def test_before_anything_is_agreed_nothing_is_in_force(
    directory: Directory, repository: Repository
) -> None:
    assert directory.pair("QM", "QN", TODAY) is None
    adopt(directory, repository)
    assert directory.pair("QM", "QN", TODAY) is None
    assert directory.in_force("QM", "QN", TODAY) == []


def test_what_is_agreed_outlives_a_restart_and_ends_with_one_word(
    directory: Directory, repository: Repository, tmp_path: Path
) -> None:
    adopt(directory, repository, (NAME, [TEXT]))
    again = Directory(tmp_path / "directory.json", repository.root)
    for each in (directory, again):
        assert each.in_force("QM", "QN", TODAY)[0] == "BUD"
        assert each.pair("QN", "QM", TODAY) is None
    pacts.agree(repository, countries=["QN"])
    directory.adopt(repository.bundle())
    assert directory.pair("QM", "QN", TODAY) is None


def test_a_treaty_of_their_own_is_read_as_they_agreed_on_it(
    directory: Directory, repository: Repository
) -> None:
    text = pacts.text("QM-QN", OWN)
    adopt(directory, repository, (pacts.named(text, "QM-QN", TREATY), [text, TREATY]))
    assert directory.in_force("QM", "QN", TODAY)[0] == "T-QM-QN"
    instrument = directory.instrument("QM", "QN", "T-QM-QN", TODAY)
    assert instrument is not None
    assert instrument.kind == "treaty"


def test_one_that_cannot_be_read_costs_nobody_the_directory(
    directory: Directory, repository: Repository
) -> None:
    later = b'schema = 2\nrequesting = "QM"\nvalid_from = 2027-01-01\n'
    adopt(directory, repository, (NAME, [TEXT]), (pacts.named(later), [later]))
    assert directory.pair("QM", "QN", TODAY) is not None
    assert directory.pair("QM", "QN", date(2027, 1, 1)) is None
    assert directory.active("QN", AT).country == "QN"


def test_a_gateway_that_withholds_a_profile_brings_no_other_back(
    directory: Directory, repository: Repository
) -> None:
    soon = pacts.text("QM-QN", ("2020-01-01", "2026-11-01"), ("[1, 2, 3, 4]", "[1]"))
    pacts.agree(repository, NAME, pacts.named(soon))
    directory.adopt(repository.bundle(pairs={NAME.path: TEXT}))
    assert directory.pair("QM", "QN", TODAY) is None


def test_the_one_that_began_last_counts(directory: Directory, repository: Repository) -> None:
    soon = pacts.text("QM-QN", ("2020-01-01", "2027-01-01"), ("[1, 2, 3, 4]", "[1]"))
    adopt(directory, repository, (NAME, [TEXT]), (pacts.named(soon), [soon]))
    tiers = [
        pair.weighting.tiers
        for on in (TODAY, date(2027, 1, 1))
        if (pair := directory.pair("QM", "QN", on)) is not None and pair.weighting is not None
    ]
    assert tiers == [(1, 2, 3, 4), (1,)]


def test_a_verifier_without_our_code_believes_the_same(
    directory: Directory, repository: Repository
) -> None:
    text = pacts.text("QM-QN", OWN)
    name = pacts.named(text, "QM-QN", TREATY)
    adopt(directory, repository, (name, [text, TREATY]))
    good = directory.bundle()
    assert set(trusting.read_directory(good, repository.root)) == {"QM", "QN"}
    other = name.path.replace("QM-QN", "QN-QM")
    for pairs in ({name.path: TREATY}, {NAME.path: TEXT}, {other: text}):
        with pytest.raises(Flaw):
            trusting.read_directory(repository.bundle(pairs=pairs), repository.root)
    pacts.agree(repository, countries=["QN"])
    with pytest.raises(Flaw):
        trusting.read_directory(repository.bundle(pairs={name.path: text}), repository.root)
    whole = repository.bundle()
    with pytest.raises(Flaw):
        trusting.read_directory(whole.replace(b'"roles":', b'"pairs":{},"roles":'), repository.root)
