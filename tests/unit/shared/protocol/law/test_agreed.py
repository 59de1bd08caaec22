"""Of what two have agreed on, that counts which began last; what cannot be read counts for nothing."""

from datetime import date

import pytest

from shared.protocol.agreements import PairName
from shared.protocol.law.agreed import read_agreement, read_agreements
from shared.protocol.law.reading import ProfileError
from tests import pacts
from tests.unit.shared.protocol.law.test_pairreading import BUD, DIGEST, TREATY

TODAY = date(2026, 11, 22)
NOW_TEXT = pacts.text()
NEXT_TEXT = pacts.text("QM-QN", ("valid_from = 2020-01-01", "valid_from = 2027-01-01"))
MENDED_TEXT = pacts.text("QM-QN", ("revision = 2026-11-22", "revision = 2026-11-23"))
NAMES = [pacts.named(each) for each in (NEXT_TEXT, NOW_TEXT)]
FILES = {NAMES[0].path: NEXT_TEXT, NAMES[1].path: NOW_TEXT}


def agreements(names: list[PairName], files: dict[str, bytes]) -> list[date]:
    """Give when each that can be read begins."""
    return [
        each.pair.valid_from for each in read_agreements({"QM": names, "QN": names}, files).read
    ]


def test_the_next_one_counts_from_its_day() -> None:
    found = read_agreements({"QM": NAMES, "QN": NAMES}, FILES)
    assert (len(found.read), found.unread) == (2, [])
    begins = {
        on: counts.pair.valid_from if counts else None
        for on in (date(2019, 1, 1), TODAY, date(2027, 1, 1))
        for counts in [found.between("QM", "QN", on)]
    }
    assert list(begins.values()) == [None, date(2020, 1, 1), date(2027, 1, 1)]
    assert found.between("QN", "QM", TODAY) is None


def test_of_two_that_begin_at_once_the_later_revision_counts() -> None:
    names = [pacts.named(MENDED_TEXT), NAMES[1]]
    files = {names[0].path: MENDED_TEXT, **FILES}
    for order in (names, names[::-1]):
        found = read_agreements({"QM": order, "QN": order}, files).between("QM", "QN", TODAY)
        assert found is not None
        assert found.pair.revision == date(2026, 11, 23)


def test_what_is_not_at_hand_brings_nothing_back() -> None:
    files = {NAMES[1].path: NOW_TEXT}
    assert agreements(NAMES, files) == [date(2020, 1, 1)]
    found = read_agreements({"QM": NAMES, "QN": NAMES}, files)
    assert [(each.name, each.at_hand, each.since) for each in found.unread] == [
        (NAMES[0], False, None)
    ]
    assert (
        found.between("QM", "QN", TODAY) is None
    )  # who withholds the next one keeps nothing alive


@pytest.mark.parametrize(
    ("spoilt", "since"),
    [
        (b"schema = 2\nvalid_from = 2027-01-01", date(2027, 1, 1)),
        (b"schema = 2", None),
        (b"schema = 2\nvalid_from = 2027-01-01T00:00:00", None),
        (b"\xff", None),
    ],
)
def test_what_cannot_be_read_ends_what_was_before_from_its_day(
    spoilt: bytes, since: date | None
) -> None:
    name = pacts.named(spoilt)
    names = [NAMES[1], name]
    found = read_agreements(
        {"QM": names, "QN": names}, {NAMES[1].path: NOW_TEXT, name.path: spoilt}
    )
    ((unread),) = found.unread
    assert (unread.name, unread.at_hand, unread.since) == (name, True, since)
    assert unread.why.startswith("line 1: ")
    assert (found.between("QM", "QN", TODAY) is None) == (since is None)
    assert found.between("QM", "QN", date(2027, 1, 1)) is None


def test_a_profile_under_another_pairs_name_counts_for_nothing() -> None:
    name = pacts.named(NOW_TEXT, "QN-QM")
    found = read_agreements({"QM": [name], "QN": [name]}, {name.path: NOW_TEXT})
    assert [each.why for each in found.unread] == ["This is the profile of QM-QN."]


def test_instruments_are_read_as_they_were_pinned() -> None:
    own = f'code = "T-QM-QN"\nsince = 2020-05-01\nprofile = "{DIGEST}"'
    content = pacts.text("QM-QN", (BUD, own))
    name = pacts.named(content, "QM-QN", TREATY)
    read = read_agreement(name, dict(zip(name.paths, (content, TREATY), strict=True)))
    treaty = read.instrument("T-QM-QN", TODAY)
    assert treaty is not None
    assert treaty.kind == "treaty"
    packed = read.instrument("EIO", TODAY)
    assert packed is not None
    assert packed.citation == "Directive 2014/41/EU"
    assert read.instrument("BUD", TODAY) is None
    assert read.instrument("T-QM-QN", date(2020, 4, 30)) is None


def test_what_is_pinned_is_checked_like_everything() -> None:
    own = f'code = "T-QM-QN"\nsince = 2020-05-01\nprofile = "{DIGEST}"'
    content = pacts.text("QM-QN", (BUD, own))
    name = pacts.named(content, "QM-QN", TREATY)
    files = dict(zip(name.paths, (content, b"schema = 1"), strict=True))
    with pytest.raises(ProfileError):
        read_agreement(name, files)
