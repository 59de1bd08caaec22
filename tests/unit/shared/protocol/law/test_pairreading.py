"""Every mistake in the profile of a pair is told with its line."""

import hashlib
from datetime import date

import pytest

from shared.protocol.law.instruments import packed, read_instrument
from shared.protocol.law.library import instrument_text
from shared.protocol.law.pairreading import read_pair
from shared.protocol.law.pairs import Between, in_force
from shared.protocol.law.reading import ProfileError
from shared.protocol.law.shapes import Instrument
from tests import pacts

TODAY = date(2026, 11, 22)
TREATY = instrument_text("BILATERAL").replace(b'"BILATERAL"', b'"T-QM-QN"')
TREATY = TREATY.replace(b'kind = "template"', b'kind = "treaty"\nin_force = 2020-05-01')
DIGEST = hashlib.sha256(TREATY).hexdigest()
PINNED = {DIGEST: read_instrument(TREATY)}
DECIDE = '[[clock]]\nact = "decide"\nstarts = "delivered"\nroutine = { length = 1, unit = "day" }'
BUD = 'code = "BUD"\nsince = 2012-04-01'


def flaws(
    content: bytes, pinned: dict[str, Instrument] | None = None
) -> list[tuple[str, str, str]]:
    """Give of each mistake the line's text, the place and what is wrong."""
    with pytest.raises(ProfileError) as refused:
        read_pair(content, pinned)
    lines = content.decode().splitlines()
    return [(lines[each.line - 1], each.place, each.what) for each in refused.value.flaws]


def test_the_profiles_of_the_laboratory_hold() -> None:
    pairs = [read_pair(pacts.text(name)) for name in ("QM-QN", "QN-QM")]
    assert in_force(pairs, "QM", "QN", TODAY) == ["BUD", "UNTOC", "EIO", "EER", "2AP", "REC"]
    assert in_force(pairs, "QM", "QN", date(2026, 8, 17)) == ["BUD", "UNTOC", "EIO", "2AP", "REC"]
    assert in_force(pairs, "QM", "QO", TODAY) == []
    assert in_force(pairs, "QM", "QN", date(2019, 12, 31)) == []


def test_a_profile_ends() -> None:
    ends = ("valid_from = 2020-01-01", "valid_from = 2020-01-01\nvalid_until = 2026-11-22")
    pair = read_pair(pacts.text("QM-QN", ends))
    assert pair.in_force(date(2026, 11, 21))
    assert not pair.in_force(TODAY)


# What is changed, what stands in its place, the line that is named, the place, and what is said.
MISTAKES: dict[str, tuple[str, str, str, str, str]] = {
    "itself": ('requested = "QN"', 'requested = "QM"', "", "requested", "does not ask itself"),
    "ends": (
        "valid_from = 2020-01-01",
        "valid_until = 2019-01-01\nvalid_from = 2020-01-01",
        "valid_until = 2019-01-01",
        "valid_until",
        "ends before it begins",
    ),
    "zone": (
        '"Europe/Paris"',
        '"Europe/Atlantis"',
        "",
        "time_zone",
        "no time zone Europe/Atlantis",
    ),
    "zone path": ('"Europe/Paris"', '"../x"', "", "time_zone", "no time zone ../x"),
    "calendar": ('calendar = "FR"', 'calendar = "France"', "", "calendar", "DE-BY"),
    "language": ('["en", "fr"]', '["en", "French"]', "", "languages", "French is no language code"),
    "no language": ('["en", "fr"]', "[]", "", "languages", "name a language"),
    "unknown": (
        'code = "REC"',
        'code = "XYZ"',
        "[[instrument]]",
        "instrument.5",
        "no instrument XYZ",
    ),
    "template": ('code = "REC"', 'code = "BILATERAL"', "", "instrument.5.code", "a template"),
    "too early": (
        "since = 2012-04-01",
        "since = 2004-06-30",
        "",
        "instrument.0.since",
        "BUD is in force since 2004-07-01",
    ),
    "no start": (
        BUD,
        'code = "BUD"\nuntil = 2012-04-01',
        "until = 2012-04-01",
        "instrument.0.until",
        "say since when",
    ),
    "ends first": (
        BUD,
        BUD + "\nuntil = 2012-04-01",
        "until = 2012-04-01",
        "instrument.0.until",
        "ends before it begins",
    ),
    "twice": ('code = "UNTOC"', 'code = "BUD"', "[[instrument]]", "instrument.1", "in force twice"),
    "reservation": (
        BUD,
        BUD + '\nreservations = ["art99"]',
        'reservations = ["art99"]',
        "instrument.0.reservations",
        "no reservation art99",
    ),
    "measure": (
        BUD,
        BUD + '\nmeasures = ["MEA-99"]',
        'measures = ["MEA-99"]',
        "instrument.0.measures",
        "no measure in BUD: MEA-99",
    ),
    "digest": (
        BUD,
        BUD + f'\nprofile = "{"0" * 64}"',
        "[[instrument]]",
        "instrument.0",
        "with this digest is not at hand",
    ),
    "field": ("extra_fields = []", 'extra_fields = ["Z99"]', "", "extra_fields", "no field Z99"),
    "condition": ('"COND-04"', '"COND-99"', "", "speciality", "no condition code COND-99"),
    "receives": (
        '["PRESERVATION", ',
        '["PRESERVES", ',
        "",
        "authority.1.receives",
        "no request kind PRESERVES",
    ),
    "unvalidated": (
        '"MEA-01", ',
        '"MEA-99", ',
        "",
        "emergency.unvalidated",
        "no measure code MEA-99",
    ),
    "nobody binds": (
        "requesting_retains = false",
        "requesting_retains = true",
        "[death_penalty]",
        "death_penalty.binding_signatories",
        "name who can bind",
    ),
    "no tier": ("[1, 2, 3, 4]", "[]", "", "weighting.tiers", "name the tiers"),
    "a tier twice": ("[1, 2, 3, 4]", "[1, 1]", "", "weighting.tiers", "named twice"),
    "no overseer": ('["QN-OVERSIGHT"]', "[]", "", "oversight.bodies", "somebody must oversee"),
    "nobody objects": (
        '["HOLDER", "SUSPECT", "THIRD_PARTY"]',
        "[]",
        "",
        "challenge.who",
        "somebody must be able",
    ),
    "a key": (
        "[oversight]",
        "[oversight]\nsees_all = true",
        "sees_all = true",
        "oversight.sees_all",
        "key",
    ),
    "a type": ("call_back = true", 'call_back = "yes"', "", "emergency.call_back", "boolean"),
    "a tier too high": ("[1, 2, 3, 4]", "[5]", "", "weighting.tiers.0", "less than or equal to 4"),
}


@pytest.mark.parametrize(("old", "new", "line", "place", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(old: str, new: str, line: str, place: str, says: str) -> None:
    content = pacts.text("QM-QN", (old, new))
    ((told, where, what),) = flaws(content)
    assert where == place
    assert says in what
    assert (line or new.splitlines()[-1].strip()) in told


# Tables that the laboratory's profiles do not have.
MORE: dict[str, tuple[str, str, str]] = {
    "unknown ground": ('grounds = ["REF-99"]', "grounds", "no refusal code REF-99"),
    "lower": (
        '[authority_levels]\nMEA-07 = "P"',
        "authority_levels.MEA-07",
        "asks for J, which is more",
    ),
    "no measure": (
        '[authority_levels]\nMEA-99 = "J"',
        "authority_levels.MEA-99",
        "no measure code",
    ),
    "clock": (
        '[[clock]]\nact = "dance"\nstarts = "sent"\nroutine = { length = 1, unit = "day" }',
        "clock.0",
        "a clock to dance from sent",
    ),
    "clock twice": (
        f"{DECIDE}\n{DECIDE}",
        "clock.1",
        "two clocks to decide from delivered",
    ),
    "no length": ('[[clock]]\nact = "decide"\nstarts = "delivered"', "clock.0", "give a length"),
    "state": (
        f'{DECIDE}\npauses = ["S99"]',
        "clock.0.pauses",
        "no state S99",
    ),
}


@pytest.mark.parametrize(("more", "place", "says"), MORE.values(), ids=MORE)
def test_a_mistake_in_another_table_is_told(more: str, place: str, says: str) -> None:
    head = (
        ("extra_fields = []", more) if more.startswith("grounds") else ("schema = 1", "schema = 1")
    )
    end = "" if more.startswith("grounds") else f"\n{more}\n"
    found = flaws(pacts.text("QM-QN", head, more=end))
    assert {where for _, where, _ in found} == {place}
    assert all(says in what for _, _, what in found)


def test_a_ground_that_no_instrument_of_the_pair_has_is_told() -> None:
    only = pacts.text("QM-QN", ("extra_fields = []", 'grounds = ["REF-15"]'))
    head, _, rest = only.decode().partition('[[instrument]]\ncode = "UNTOC"')
    content = (head + rest[rest.index("[channels]") :]).encode()
    ((_, place, what),) = flaws(content)
    assert (place, what) == ("grounds", "no instrument of this pair has the ground REF-15")


def test_every_mistake_is_told_at_once() -> None:
    content = pacts.text("QM-QN", ('"FR"', '"France"'), ("[1, 2, 3, 4]", "[]"))
    assert [place for _, place, _ in flaws(content)] == ["calendar", "weighting.tiers"]


@pytest.mark.parametrize(
    "content", [b"\xff", b"schema = ", b"x = " + b"[" * 100_000, b"x = " + b"1" * 5_000]
)
def test_what_is_no_toml_is_told(content: bytes) -> None:
    with pytest.raises(ProfileError) as refused:
        read_pair(content)
    assert refused.value.flaws[0].place == "file"


def test_a_treaty_of_their_own_is_pinned_by_its_digest() -> None:
    own = (
        'code = "BUD"\nsince = 2012-04-01',
        f'code = "T-QM-QN"\nsince = 2020-05-01\nprofile = "{DIGEST}"',
    )
    pair = read_pair(pacts.text("QM-QN", own), PINNED)
    assert pair.in_force(TODAY)[0] == Between(
        code="T-QM-QN", since=date(2020, 5, 1), profile=DIGEST
    )
    ((_, place, what),) = flaws(pacts.text("QM-QN", own))
    assert (place, what) == (
        "instrument.0",
        "the profile of T-QM-QN with this digest is not at hand",
    )


def test_a_pinned_profile_is_of_the_code_that_is_named() -> None:
    own = (
        'code = "BUD"\nsince = 2012-04-01',
        f'code = "BUD"\nsince = 2020-05-01\nprofile = "{DIGEST}"',
    )
    ((_, place, what),) = flaws(pacts.text("QM-QN", own), PINNED)
    assert (place, what) == ("instrument.0.profile", "this is the profile of T-QM-QN")


def test_an_instrument_may_come_back() -> None:
    again = (
        BUD,
        f'{BUD}\nuntil = 2015-01-01\n\n[[instrument]]\ncode = "BUD"\nsince = 2016-01-01',
    )
    pair = read_pair(
        pacts.text("QM-QN", again, ("valid_from = 2020-01-01", "valid_from = 2010-01-01"))
    )
    assert "BUD" not in [each.code for each in pair.in_force(date(2015, 6, 1))]
    assert "BUD" in [each.code for each in pair.in_force(date(2016, 1, 1))]


def test_a_pair_may_ask_for_more() -> None:
    read_pair(pacts.text(more='\n[authority_levels]\nMEA-01 = "J"\n'))
    read_pair(pacts.text("QM-QN", ("extra_fields = []", 'grounds = ["REF-02"]')))
    assert packed("BUD").measure["MEA-01"].level in "AP"


def test_what_two_need_not_agree_on_may_be_left_out() -> None:
    head, _, rest = pacts.text("QM-QN", (BUD, 'code = "BUD"')).decode().partition("[channels]")
    death = rest[rest.index("[death_penalty]") : rest.index("[weighting]")]
    pair = read_pair((head + death + rest[rest.index("[oversight]") :]).encode())
    assert (pair.weighting, pair.emergency, pair.challenge, pair.authority) == (None,) * 3 + ((),)
    assert next(each.code for each in pair.in_force(TODAY)) == "UNTOC"  # BUD: signed, not in force


def test_levels_are_compared_where_an_instrument_has_the_measure() -> None:
    only = pacts.text(more='\n[authority_levels]\nMEA-11 = "J"\n')
    assert read_pair(only).authority_levels == {"MEA-11": "J"}
