"""The smallest parts of a request's fields: texts, codes, dates (spec/request.md, 1).

No text holds what makes a reader see something else than what is written: control characters, and the marks
that turn the direction of writing (U+202A to U+202E, U+2066 to U+2069).
"""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

_TURNS = "\u202a-\u202e\u2066-\u2069"
_LINE = rf"^[^\x00-\x1f\x7f{_TURNS}]*$"
_TEXT = rf"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f{_TURNS}]*$"


def _is_a_day(text: str) -> str:
    date.fromisoformat(text)
    return text


def _is_an_instant(text: str) -> str:
    moment(text)
    return text


def moment(text: str) -> datetime:
    """Return the instant of an `Instant`, in UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:  # in another time zone it lies before the year 1 or after 9999
        raise ValueError("this instant lies outside the calendar") from error


Line = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=_LINE)
]
Lines = Annotated[tuple[Line, ...], Field(strict=False, min_length=1, max_length=200)]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True, pattern=_TEXT)
]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{1,40}$")]
Codes = Annotated[tuple[Code, ...], Field(strict=False, min_length=1, max_length=100)]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_is_a_day),
    Field(json_schema_extra={"format": "date"}),
]
Instant = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
    ),
    AfterValidator(_is_an_instant),
]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Months = Annotated[int, Field(ge=0, le=1_200)]
