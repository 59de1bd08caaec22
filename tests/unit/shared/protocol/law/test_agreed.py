"""Of what two have agreed on, that counts which began last; what cannot be read counts for nothing."""

from datetime import date

import pytest

from shared.protocol.agreements import PairName
from shared.protocol.law.agreed import agreement_between, read_agreement, read_agreements
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
    read, _ = read_agreements({"QM": names, "QN": names}, files)
    return [each.pair.valid_from for each in read]


def test_the_next_one_counts_from_its_day() -> None:
    read, unread = read_agreements({"QM": NAMES, "QN": NAMES}, FILES)
    assert (len(read), unread) == (2, [])
    begins = {
        on: found.pair.valid_from if found else None
        for on in (date(2019, 1, 1), TODAY, date(2027, 1, 1))
        for found in [agreement_between(read, "QM", "QN", on)]
    }
    assert list(begins.values()) == [None, date(2020, 1, 1), date(2027, 1, 1)]
    assert agreement_between(read, "QN", "QM", TODAY) is None


def test_of_two_that_begin_at_once_the_later_revision_counts() -> None:
    names = [pacts.named(MENDED_TEXT), NAMES[1]]
    files = {names[0].path: MENDED_TEXT, **FILES}
    for order in (names, names[::-1]):
        read, _ = read_agreements({"QM": order, "QN": order}, files)
        found = agreement_between(read, "QM", "QN", TODAY)
        assert found is not None
        assert found.pair.revision == date(2026, 11, 23)


def test_what_is_not_at_hand_or_not_readable_is_left_out() -> None:
    spoilt = pacts.named(b"schema = 2")
    names = [*NAMES, spoilt]
    assert agreements(names, {NAMES[1].path: NOW_TEXT}) == [date(2020, 1, 1)]
    read, unread = read_agreements(
        {"QM": names, "QN": names}, {**FILES, spoilt.path: b"schema = 2"}
    )
    assert len(read) == 2
    assert [each.name for each in unread] == [spoilt]
    assert unread[0].why.startswith("line 1: ")


def test_a_profile_under_another_pairs_name_counts_for_nothing() -> None:
    name = pacts.named(NOW_TEXT, "QN-QM")
    _, unread = read_agreements({"QM": [name], "QN": [name]}, {name.path: NOW_TEXT})
    assert [each.why for each in unread] == ["This is the profile of QM-QN."]


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
