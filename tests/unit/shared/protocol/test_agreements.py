"""A file of law counts where both countries name it, octet for octet, and nowhere else."""

import pytest

from shared.protocol import agreements, canonical, trust
from shared.protocol.agreements import MAX_FILE, MAX_NAMED, PairName
from shared.protocol.errors import FormatError, TrustError
from tests import pacts
from tests.federated import Repository, document
from tests.unit.shared.protocol.test_trust import federation

__all__ = ["federation"]  # a fixture

TEXT = pacts.text()
NAME = pacts.named(TEXT)
OTHER = pacts.named(TEXT, "QN-QM")


def bundle(federation: Repository, *names: PairName, pairs: dict[str, bytes]) -> bytes:
    pacts.agree(federation, *names)
    return federation.bundle(pairs=pairs)


def test_a_bundle_carries_what_both_name(federation: Repository) -> None:
    content = bundle(federation, NAME, pairs={NAME.path: TEXT})
    members = trust.read_bundle(content, federation.root)
    assert trust.read_parts(content).pairs == {NAME.path: TEXT}
    named = {str(country): member.pairs for country, member in members.items()}
    assert list(agreements.agreed_all(named)) == [NAME]


def test_a_bundle_may_lack_it(federation: Repository) -> None:
    content = bundle(federation, NAME, pairs={})
    assert trust.read_bundle(content, federation.root)
    assert b'"pairs":{' not in content


def test_a_bundle_carries_nothing_else(federation: Repository) -> None:
    pacts.agree(federation, NAME, countries=["QM"])
    for pairs in ({NAME.path: TEXT}, {OTHER.path: TEXT}):
        with pytest.raises(TrustError):
            trust.read_bundle(federation.bundle(pairs=pairs), federation.root)


def test_no_octet_of_it_changes_unseen(federation: Repository) -> None:
    content = bundle(federation, NAME, pairs={NAME.path: TEXT + b"\n"})
    with pytest.raises(TrustError):
        trust.read_bundle(content, federation.root)
    with pytest.raises(FormatError):
        trust.read_bundle(federation.bundle(pairs={"pairs/x.toml": TEXT}), federation.root)
    empty = canonical.parse(federation.bundle())
    assert isinstance(empty, dict)
    with pytest.raises(FormatError):
        trust.read_bundle(canonical.encode({**empty, "pairs": {}}), federation.root)


def test_names_differ_in_what_they_pin() -> None:
    pinned = pacts.named(TEXT, "QM-QN", b"an instrument")
    named = {"QM": [pinned], "QN": [NAME]}
    assert list(agreements.agreed_all(named)) == []
    assert len(pinned.paths) == 2
    assert agreements.pair_of(pinned.paths[1]) == {"QM", "QN"}
    assert agreements.digest_of(NAME.path) == NAME.sha256
    assert NAME.reason == f"PAIR-QM_QN_{NAME.sha256[:32].upper()}"


@pytest.mark.parametrize(
    "names",
    [
        [pacts.named(TEXT, "QN-QO")],
        [pacts.named(TEXT, "QM-QM")],
        [NAME, NAME],
        [pacts.named(bytes([number])) for number in range(MAX_NAMED + 1)],
    ],
    ids=["others", "itself", "twice", "too many"],
)
def test_a_country_names_what_concerns_it(names: list[PairName]) -> None:
    with pytest.raises(FormatError):
        trust.Member.from_bytes(document("QM", pairs=pacts.told(names)))


def test_a_name_has_one_spelling() -> None:
    (told,) = pacts.told([NAME])
    for changes in ({"sha256": NAME.sha256.upper()}, {"requesting": "qm"}, {"more": 1}):
        with pytest.raises(FormatError):
            trust.Member.from_bytes(document("QM", pairs=[told | changes]))


def test_a_file_has_a_size() -> None:
    large = b"#" * (MAX_FILE + 1)
    with pytest.raises(TrustError):
        agreements.check_file(large, pacts.named(large).sha256)
