"""National calendars: which day is no working day, and why. The days come from the `holidays` library.

A profile of two countries names a calendar as `DE` or, of a part of a State, `DE-BY`.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from holidays import HolidayBase
from holidays.version import __version__ as edition

_FILLING = threading.Lock()  # the library fills in a year when it is first asked for
_WEEKEND: Final = frozenset({5, 6})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days off of a State. `label`: its name and whose list of days it is, kept with each clock."""

    label: str
    days: HolidayBase | None  # None: not known here, so that only Saturdays and Sundays count

    def off(self, day: date) -> str | None:
        """Say why a day is no working day; None if it is one."""
        if self.days is None:
            return f"{day:%A}" if day.weekday() in _WEEKEND else None
        with _FILLING:
            return None if self.days.is_working_day(day) else self.days.get(day) or f"{day:%A}"


@cache
def calendar(name: str) -> Calendar:
    """Return a calendar by the name that a profile uses; one that is not known says so in its label."""
    country, _, part = name.partition("-")
    try:
        days = holidays.country_holidays(country, subdiv=part or None)
        words = "en_US" if "en_US" in days.supported_languages else None
        days = holidays.country_holidays(country, subdiv=part or None, language=words)
    except NotImplementedError:
        return Calendar(label=f"{name}: not known here, Saturdays and Sundays only", days=None)
    return Calendar(label=f"{name} (holidays {edition})", days=days)


@cache
def zone(name: str) -> tzinfo:
    """Return a time zone of the IANA list; UTC for one that is not known here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
