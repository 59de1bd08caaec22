"""Ends of clocks over nights, days off, changes of the hour, leap days, pauses and extensions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.law.clocks import Due, Pause, Place, Rule, due, ends, reminders, runs, stated
from shared.protocol.law.shapes import Unit

HOLIDAYS = {date(2026, 12, 25): "Christmas Day", date(2026, 12, 26): "St Stephen's Day"}
BERLIN = ZoneInfo("Europe/Berlin")


def off(day: date) -> str | None:
    return HOLIDAYS.get(day) or (f"{day:%A}" if day.weekday() > 4 else None)


HERE = Place(zone=BERLIN, off=off)


def at(text: str) -> datetime:
    """Read a local time of the place."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def end(found: Due) -> str:
    """Write the last moment that still counts, locally."""
    assert found.at is not None
    return f"{(found.at - timedelta(seconds=1)).astimezone(BERLIN):%Y-%m-%d %H:%M}"


# length, unit, rolls, start, the last minute that still counts
ENDS: list[tuple[int, Unit, bool, str, str]] = [
    (7, "day", False, "2026-11-02 09:00", "2026-11-09 23:59"),  # EIO 16(1), an ordinary week
    (7, "day", False, "2026-11-02 00:00", "2026-11-09 23:59"),  # the hour of the day does not count
    (7, "day", False, "2026-11-02 23:59", "2026-11-09 23:59"),
    (30, "day", False, "2026-01-30 12:00", "2026-03-01 23:59"),  # February of 28 days
    (30, "day", False, "2028-01-30 12:00", "2028-02-29 23:59"),  # and of 29
    (1, "day", False, "2028-02-28 12:00", "2028-02-29 23:59"),
    (365, "day", False, "2027-03-01 12:00", "2028-02-29 23:59"),
    (30, "day", False, "2026-11-05 12:00", "2026-12-05 23:59"),  # a Saturday, and it stays one
    (30, "day", True, "2026-11-05 12:00", "2026-12-07 23:59"),  # it moves to the Monday
    (30, "day", True, "2026-11-25 12:00", "2026-12-28 23:59"),  # over Christmas and a week-end
    (5, "working-day", False, "2026-11-05 12:00", "2026-11-12 23:59"),
    (5, "working-day", False, "2026-12-22 12:00", "2026-12-30 23:59"),
    (1, "working-day", False, "2026-11-06 12:00", "2026-11-09 23:59"),  # from a Friday
    (5, "working-day", False, "2026-11-07 12:00", "2026-11-13 23:59"),  # from a Saturday
    (2, "day", False, "2026-03-28 12:00", "2026-03-30 23:59"),  # the night of 23 hours
    (2, "day", False, "2026-10-24 12:00", "2026-10-26 23:59"),  # and of 25
    (48, "hour", False, "2026-11-06 15:00", "2026-11-08 14:59"),  # no week-end for hours
    (24, "hour", False, "2026-03-28 15:00", "2026-03-29 15:59"),  # 24 hours, also in that night
    (24, "hour", False, "2026-10-24 15:00", "2026-10-25 13:59"),
    (96, "hour", True, "2026-12-24 10:00", "2026-12-28 09:59"),  # rolling is for days
    (5, "minute", False, "2026-10-25 02:58", "2026-10-25 02:02"),  # the hour comes a second time
]


@pytest.mark.parametrize(("length", "unit", "rolls", "start", "last"), ENDS)
def test_an_end(length: int, unit: Unit, rolls: bool, start: str, last: str) -> None:  # noqa: FBT001
    found = due(Rule(length=length, unit=unit, rolls=rolls), at(start), HERE)
    assert end(found) == last
    assert found.steps[-1].until == found.at


# pauses of a clock of 10 days that begins on Monday, 2 November 2026
PAUSES: list[tuple[tuple[tuple[str, str], ...], str]] = [
    ((), "2026-11-12 23:59"),
    (
        (("2026-11-04 10:00", "2026-11-06 09:00"),),
        "2026-11-14 23:59",
    ),  # two days did not end running
    (
        (("2026-11-04 10:00", "2026-11-04 18:00"),),
        "2026-11-12 23:59",
    ),  # within a day: nothing is lost
    ((("2026-11-04 10:00", "2026-11-06 00:00"),), "2026-11-14 23:59"),
    ((("2026-10-20 10:00", "2026-10-30 09:00"),), "2026-11-12 23:59"),  # before the start
    ((("2026-10-30 10:00", "2026-11-04 09:00"),), "2026-11-13 23:59"),  # it began before the clock
    ((("2026-11-12 10:00", "2026-11-15 09:00"),), "2026-11-15 23:59"),  # on the last day
    ((("2026-11-13 00:00", "2026-11-15 09:00"),), "2026-11-12 23:59"),  # just too late
    (
        (("2026-11-04 10:00", "2026-11-05 09:00"), ("2026-11-07 10:00", "2026-11-09 09:00")),
        "2026-11-15 23:59",
    ),
]


@pytest.mark.parametrize(("pauses", "last"), PAUSES)
def test_a_pause_moves_the_end_by_the_days_that_ended_in_it(
    pauses: tuple[tuple[str, str], ...], last: str
) -> None:
    stood = [Pause(since=at(a), until=at(b), why="S13") for a, b in pauses]
    rule = Rule(length=10, unit="day")
    assert end(due(rule, at("2026-11-02 09:00"), HERE, pauses=stood)) == last


def test_hours_pause_to_the_minute() -> None:
    stood = [
        Pause(since=at("2026-11-02 08:00"), until=at("2026-11-02 08:30"), why="too early"),
        Pause(since=at("2026-11-02 08:45"), until=at("2026-11-02 09:15"), why="at once"),
        Pause(since=at("2026-11-02 10:00"), until=at("2026-11-02 11:30"), why="asked"),
        Pause(since=at("2026-11-09 10:00"), until=at("2026-11-09 11:30"), why="too late"),
    ]
    found = due(Rule(length=4, unit="hour"), at("2026-11-02 09:00"), HERE, pauses=stood)
    assert end(found) == "2026-11-02 14:44"
    assert [(step.counted, step.why) for step in found.steps] == [
        (False, "at once"),
        (True, "0 h 45 min of 4 h"),
        (False, "asked"),
        (True, "3 h 15 min of 4 h"),
    ]


@pytest.mark.parametrize("unit", ["hour", "day"])
def test_a_clock_that_stands_still_has_no_end(unit: Unit) -> None:
    stood = [Pause(since=at("2026-11-04 10:00"), until=None, why="postponed")]
    found = due(Rule(length=90, unit=unit), at("2026-11-02 09:00"), HERE, pauses=stood)
    assert found.at is None
    assert found.steps[-1].why == "postponed"
    assert not found.steps[-1].counted


def test_a_pause_after_the_end_changes_nothing_even_if_it_never_ends() -> None:
    stood = [Pause(since=at("2026-11-13 00:00"), until=None, why="postponed")]
    rule = Rule(length=10, unit="day")
    assert end(due(rule, at("2026-11-02 09:00"), HERE, pauses=stood)) == "2026-11-12 23:59"


def test_a_pause_in_which_the_end_had_moved_over_a_week_end_moves_it_on() -> None:
    stood = [Pause(since=at("2026-11-14 10:00"), until=at("2026-11-18 09:00"), why="postponed")]
    rule = Rule(length=12, unit="day", rolls=True)  # the 14th, a Saturday: Monday
    assert end(due(rule, at("2026-11-02 09:00"), HERE, pauses=stood)) == "2026-11-18 23:59"


def test_an_extension_counts_on() -> None:
    rule = Rule(length=30, unit="day", rolls=True)
    found = due(rule, at("2026-11-02 09:00"), HERE, extra=30)
    assert end(found) == "2027-01-01 23:59"
    assert found.steps[-1].why == "day 60 of 60"


def test_each_day_is_explained() -> None:
    rule = Rule(length=3, unit="working-day")
    found = due(rule, at("2026-12-22 09:00"), HERE)
    assert [
        (f"{step.since.astimezone(BERLIN):%d}", step.number, step.why) for step in found.steps
    ] == [
        ("23", 1, "working day 1 of 3"),
        ("24", 2, "working day 2 of 3"),
        ("25", None, "Christmas Day"),
        ("26", None, "St Stephen's Day"),
        ("27", None, "Sunday"),
        ("28", 3, "working day 3 of 3"),
    ]


def test_an_end_that_moves_says_over_what_and_where_to() -> None:
    found = due(Rule(length=30, unit="day", rolls=True), at("2026-11-25 12:00"), HERE)
    assert [step.why for step in found.steps[-4:]] == [
        "day 30 of 30 (Christmas Day)",
        "St Stephen's Day",
        "Sunday",
        "the end moves to the next working day",
    ]


def test_days_that_say_the_same_are_told_together() -> None:
    stood = [Pause(since=at("2026-11-04 10:00"), until=at("2026-11-07 09:00"), why="asked")]
    found = due(Rule(length=10, unit="day"), at("2026-11-02 09:00"), HERE, pauses=stood)
    told = [(first.number, last.number, first.why, last.why) for first, last in runs(found.steps)]
    assert told == [
        (1, 1, "day 1 of 10", "day 1 of 10"),
        (None, None, "asked", "asked"),
        (2, 10, "day 2 of 10 (Saturday)", "day 10 of 10 (Sunday)"),
    ]


def test_a_stated_end_stands_whatever_day_it_is() -> None:
    start = at("2026-11-02 09:00")
    found = stated(ends(date(2026, 12, 26), BERLIN), start, "as stated")
    assert end(found) == "2026-12-26 23:59"
    assert [(step.since, step.why) for step in found.steps] == [(start, "as stated")]
    past = stated(ends(date(2026, 10, 1), BERLIN), start, "as stated")
    assert end(past) == "2026-10-01 23:59"


def test_midnight_that_the_clock_skips_or_repeats() -> None:
    beirut = Place(zone=ZoneInfo("Asia/Beirut"), off=off)  # 00:00 became 01:00 on 31 March 2024
    start = datetime(2024, 3, 29, 9, tzinfo=UTC)
    assert due(Rule(length=1, unit="day"), start, beirut).at == datetime(
        2024, 3, 30, 22, tzinfo=UTC
    )
    assert due(Rule(length=2, unit="day"), start, beirut).at == datetime(
        2024, 3, 31, 21, tzinfo=UTC
    )
    azores = Place(
        zone=ZoneInfo("Atlantic/Azores"), off=off
    )  # 01:00 became 00:00 on 27 October 2024
    start = datetime(2024, 10, 25, 9, tzinfo=UTC)
    assert due(Rule(length=1, unit="day"), start, azores).at == datetime(2024, 10, 27, tzinfo=UTC)
    assert due(Rule(length=2, unit="day"), start, azores).at == datetime(
        2024, 10, 28, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Apia"]
)
def test_the_start_is_a_day_of_the_place(zone: str) -> None:
    place = Place(zone=ZoneInfo(zone), off=off)
    start = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    found = due(Rule(length=1, unit="day"), start, place)
    assert found.at is not None
    local = start.astimezone(place.zone).date()
    assert found.at.astimezone(place.zone).date() == local + timedelta(days=2)


def test_reminders_come_at_the_end_of_a_day_and_not_before_the_start() -> None:
    rule, start = Rule(length=10, unit="day"), at("2026-10-20 09:00")
    found = due(rule, start, HERE)
    assert found.at is not None
    warned = reminders(found.at, start, rule, HERE, days=(14, 7, 1), hours=(12, 2))
    assert [f"{when.astimezone(BERLIN):%m-%d %H:%M}" for when in warned] == [
        "10-24 00:00",
        "10-30 00:00",
    ]


def test_reminders_of_hours_are_hours_and_minutes_have_none() -> None:
    start = at("2026-11-02 09:00")
    rule = Rule(length=24, unit="hour")
    end = start + timedelta(hours=24)
    warned = reminders(end, start, rule, HERE, days=(14, 7, 1), hours=(12, 2))
    assert warned == (end - timedelta(hours=12), end - timedelta(hours=2))
    minute = Rule(length=5, unit="minute")
    assert reminders(end, start, minute, HERE, days=(1,), hours=(2,)) == ()


UNITS: st.SearchStrategy[Unit] = st.sampled_from(["minute", "hour", "day", "working-day"])
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(  # noqa: DTZ001 - drawn as UTC
    lambda when: when.replace(tzinfo=UTC)
)
STANDS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)), max_size=4)


@given(unit=UNITS, length=st.integers(1, 60), start=STARTS, rolls=st.booleans(), stands=STANDS)
def test_steps_follow_each_other_and_count_what_was_asked(
    unit: Unit,
    length: int,
    start: datetime,
    rolls: bool,  # noqa: FBT001
    stands: list[tuple[int, int]],
) -> None:
    pauses, after = [], start
    for wait, long in stands:
        since = after + timedelta(minutes=wait)
        after = since + timedelta(minutes=long)
        pauses.append(Pause(since=since, until=after, why="stood"))
    rule = Rule(length=length, unit=unit, rolls=rolls)
    found = due(rule, start, HERE, pauses=pauses)
    assert found.at is not None
    assert found.at > start
    plain = due(rule, start, HERE).at
    assert plain is not None
    assert found.at >= plain
    for before, step in zip(found.steps, found.steps[1:], strict=False):
        assert before.until == step.since
    if unit in {"minute", "hour"}:
        ran = sum((s.until - s.since for s in found.steps if s.counted), timedelta())
        assert ran == length * timedelta(**{f"{unit}s": 1})
    else:
        assert [s.number for s in found.steps if s.counted] == list(range(1, length + 1))
        longer = due(rule, start, HERE, pauses=pauses, extra=1).at
        assert longer is not None
        assert longer >= found.at
