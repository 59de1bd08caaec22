"""Each pattern of misuse: the smallest thing that fits, and what nearly does."""

from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from client.oversight.counting.misuse import detect
from client.oversight.counting.people import People
from tests.unit.client.oversight.counting.dockets import read_of
from tests.unit.client.oversight.counting.metric_rows import loose
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story, Told, package_id

PACKAGE = package_id(1)
SAME = "ID-" + "A" * 40
TEXT = "TXT-" + "B" * 40
SPECIAL = "GTW-SPECIAL_CIRCUMSTANCES"


def read(story: Story, times: int, *, minutes: int = 10, day: str = "03-25") -> Story:
    for number in range(times):
        hour, minute = divmod(number * minutes, 60)
        story.on(f"{day}T{hour:02}:{minute:02}", "evidence.accessed", package=PACKAGE)
    return story


def sought(number: int, offence: str, *, day: str = "02-03", peer: str = "QN") -> Story:
    return received(number, offence, SAME, "MEA-06", day=day, peer=peer)


def released(number: int, *codes: str, peer: str = "QN") -> Story:
    return granted(received(number, *codes, "MEA-06", peer=peer))


def hasty(count: int, others: int) -> list[Story]:
    """So many emergencies of QN, and so many quiet requests of QP."""
    own = [received(number, "URG-EMERGENCY") for number in range(count)]
    return [*own, *(received(100 + number, peer="QP") for number in range(others))]


FITS: list[tuple[str, Sequence[Story]]] = [
    ("M01", [read(made(), 20)]),
    ("M02", [read(made().on("03-01", "request.withdrawn", "WD-08"), 1)]),
    ("M02", [read(refused(made()), 1)]),
    ("M03", [sought(1, "OFF-B05"), sought(2, "OFF-E08", day="03-01")]),
    ("M03", [sought(1, "KIND-MLA"), sought(2, "KIND-MLA", day="03-01"), sought(3, "OFF-B05", day="04-01")]),
    ("M04", [*hasty(5, 20)]),
    ("M05", [made(day="02-03").on("02-04T23:10", "transfer.intent/request")]),
    ("M06", [received(1, "PRT-JOURNALIST")]),
    ("M07", [released(number, SPECIAL) for number in (1, 2, 3)]),
    ("M08", [made().on("02-10", "request.supplemented").on("02-11", "request.described", SAME)]),
    ("M08", [granted(received()).on("03-10", "request.amended").on("03-11", "request.described", SAME)]),
    ("M09", [received(1, TEXT), received(2, TEXT, day="03-01"), received(3, TEXT, day="03-02")]),
    ("M09", [received().on("03-01", "gate.failed", "G04")]),
    ("M10", [made().on("03-25", "gate.failed", "G18")]),
    ("M10", [made().on("03-25", "gate.overridden", "G18")]),
    ("M11", [refused(sought(1, "OFF-E17"), code="MEA-06"), sought(2, "OFF-E08", day="03-22")]),
]  # fmt: skip
NEARLY: list[tuple[str, Sequence[Story]]] = [
    ("M01", [read(made(), 19)]),
    ("M01", [read(read(made(), 10), 10, day="03-27")]),
    ("M02", [read(granted(made()).on("04-02", "request.closed"), 1, day="05-01")]),
    ("M03", [sought(1, "OFF-B05"), sought(2, "OFF-B05", day="03-01")]),
    ("M03", [sought(1, "OFF-B05"), sought(2, "OFF-E08", day="03-01", peer="QP")]),
    ("M03", [sought(1, "OFF-B05").described("03-01", "OFF-E08", SAME)]),
    ("M04", hasty(4, 20)),
    ("M04", hasty(5, 0)),
    ("M05", [received().on("02-04T23:10", "transfer.received/request")]),
    ("M05", [made(1, "URG-EMERGENCY").on("02-04T23:10", "transfer.intent/request")]),
    ("M06", [received(1, "PRT-MINOR", "PRT-VULNERABLE")]),
    ("M07", [released(number, SPECIAL) for number in (1, 2)]),
    (
        "M08",
        [made(1, SAME).on("02-10", "request.supplemented").on("02-11", "request.described", SAME)],
    ),
    ("M08", [made().on("02-10", "request.described", SAME)]),
    ("M09", [received(1, TEXT).described("03-01", TEXT)]),
    ("M09", [received().on("03-01", "gate.failed", "G02")]),
    ("M11", [sought(1, "OFF-E17"), refused(sought(2, "OFF-E08", day="02-22"))]),
]


def patterns(
    *told: Story | Told, people: People | None = None, zone: str = "UTC", year: int = 2026
) -> list[str]:
    read = read_of(*told, year=year)
    tz = UTC if zone == "UTC" else ZoneInfo(zone)
    found = detect(read.docket, since=read.since, people=people or People(), zone=tz)
    assert [each.at for each in found] == sorted(each.at for each in found)
    return [each.pattern for each in found]


@pytest.mark.parametrize(
    ("pattern", "told"), [pytest.param(*each, id=f"{each[0]} {n}") for n, each in enumerate(FITS)]
)
def test_it_fits(pattern: str, told: Sequence[Story]) -> None:
    assert pattern in patterns(*told)
    assert pattern not in patterns(*told, year=2027), "it is told in its year alone"


@pytest.mark.parametrize(
    ("pattern", "told"), [pytest.param(*each, id=f"{each[0]} {n}") for n, each in enumerate(NEARLY)]
)
def test_it_does_not_quite(pattern: str, told: Sequence[Story]) -> None:
    assert pattern not in patterns(*told)


def test_each_pattern_has_a_case() -> None:
    assert {each[0] for each in FITS} == {f"M{n:02}" for n in range(1, 12)}


def test_many_alike_are_told_once_each() -> None:
    told = [
        sought(number, "OFF-E08" if number else "OFF-B05", day="03-01") for number in range(300)
    ]
    assert patterns(*told).count("M03") == 299


def test_night_is_that_of_the_country() -> None:
    story = made().on("07-04T21:10", "transfer.intent/request")
    assert "M05" not in patterns(story)
    assert "M05" in patterns(story, zone="Europe/Zurich")


def test_readings_of_one_person_are_put_together_if_names_are_known() -> None:
    told = [read(made(number), 7) for number in (1, 2, 3)]
    told[0].on("03-26", "request.closed")
    read_by = People({at: {"officer": "A. Weber"} for at in range(200)})
    assert "M01" in patterns(*told, people=read_by)
    assert "M01" not in patterns(*told)


def test_reading_around_the_loss_of_a_role() -> None:
    change = loose("user.role_changed")
    story = read(made(), 1, day="05-02")
    at = len(story.told) - 1
    people = People({at: {"subject": "A. Weber"}, at + 1: {"officer": "A. Weber"}})
    assert "M02" in patterns(story, change, people=people)
    early = read(made(), 1, day="04-02")
    people = People({at: {"officer": "A. Weber"}, at + 1: {"subject": "A. Weber"}})
    assert "M02" not in patterns(early, change, people=people)


def test_a_suspicion_is_told_in_words() -> None:
    read = read_of(received(1, "PRT-LAWYER"))
    (found,) = detect(read.docket, since=read.since, people=People(), zone=UTC)
    assert found.line().startswith(
        "M06  identifiers of protected persons: it concerns a lawyer (01890a5d-"
    )
    assert found.to_json()["title"] == "identifiers of protected persons"
