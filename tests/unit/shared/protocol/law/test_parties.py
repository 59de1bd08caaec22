"""Where an instrument lists its parties, two countries cannot agree that it began before, or lasts longer."""

import re
from datetime import date

import pytest

from shared.protocol.law.instruments import packed
from shared.protocol.law.pairreading import read_pair
from shared.protocol.law.reading import ProfileError
from tests import pacts


def between(requesting: str, requested: str, *changes: tuple[str, str]) -> bytes:
    names = {"QM": requesting, "QN": requested}
    text = pacts.text("QM-QN", *changes).decode()
    return re.sub(r"\bQ[MN]\b", lambda found: names[found.group()], text).encode()


def flaws(content: bytes) -> list[str]:
    with pytest.raises(ProfileError) as refused:
        read_pair(content)
    return [f"{each.place}: {each.what}" for each in refused.value.flaws]


def test_who_takes_part() -> None:
    eio = {each.country: each for each in packed("EIO").party}
    eer = {each.country for each in packed("EER").party}
    assert (len(eio), len(eer)) == (26, 26)
    assert eio["GB"].until == date(2021, 1, 1)
    assert not {"DK", "IE"} & eio.keys()
    assert "IE" in eer
    assert not {"DK", "GB"} & eer


def test_members_may_agree_from_the_day_on() -> None:
    assert read_pair(between("DE", "FR")).between("EER", date(2026, 8, 18)) is not None


def test_nobody_asks_under_what_a_party_has_left() -> None:
    left = "instrument.2.until: GB was a party until 2021-01-01"
    assert flaws(between("GB", "FR")) == [left]
    until = ("since = 2017-05-22", "since = 2017-05-22\nuntil = 2021-01-01")
    pair = read_pair(between("GB", "FR", until))
    assert pair.between("EIO", date(2020, 12, 31)) is not None
    assert pair.between("EIO", date(2021, 1, 1)) is None


def test_nothing_begins_before_its_parties_are_bound() -> None:
    text = between("DE", "FR", ("since = 2026-08-18", "since = 2026-08-01"))
    assert "instrument.3.since: FR is a party since 2026-08-18" in flaws(text)
