"""Days off of States, by name, and why."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from services.exchange.calendars import calendar, zone

DAYS = [
    ("FR", date(2026, 7, 14), "National Day"),
    ("DE", date(2026, 10, 3), "German Unity Day"),
    ("DE", date(2026, 11, 1), "Sunday"),
    ("DE-BY", date(2027, 11, 1), "All Saints' Day"),  # a Monday, and in Bavaria only
    ("DE", date(2027, 11, 1), None),
    ("FR", date(2026, 11, 21), "Saturday"),
    ("FR", date(2026, 11, 23), None),
    ("IL", date(2026, 11, 20), "Friday"),  # another week
    ("IL", date(2026, 11, 22), None),
    ("CN", date(2024, 2, 4), None),  # a Sunday that was worked instead of another day
    ("JP", date(2028, 2, 29), None),
    ("QM", date(2026, 12, 25), None),  # nothing is known of it
    ("QM", date(2026, 12, 26), "Saturday"),
]


@pytest.mark.parametrize(("name", "day", "why"), DAYS)
def test_a_day_off_has_a_reason(name: str, day: date, why: str | None) -> None:
    assert calendar(name).off(day) == why


def test_a_calendar_says_whose_list_it_is() -> None:
    assert calendar("DE-BY").label.startswith("DE-BY (holidays ")
    assert calendar("QM").label == "QM: not known here, Saturdays and Sundays only"


def test_a_zone_that_is_not_known_is_utc() -> None:
    assert zone("Europe/Paris") == ZoneInfo("Europe/Paris")
    assert zone("Atlantis/Capital") is UTC
    assert zone("../etc/passwd") is UTC
