"""Where in a TOML text a value stands, so that a mistake can be shown with its line.

The standard library's reader gives values and no places. Profiles are plain: tables, arrays of tables, and
a key to a line; a value inside an inline table has the line of its key.
"""

import re
from collections.abc import Mapping, Sequence

Place = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?")
_KEY = re.compile(
    r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="
)


def index(text: str) -> Mapping[Place, int]:
    """Return the line (from 1) of every table, every element of an array of tables, and every key."""
    places: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if (header := _HEADER.fullmatch(line)) is not None:
            table = _names(header[2])
            if header[1] == "[[":
                position = counts.get(table, 0)
                counts[table] = position + 1
                table = (*table, position)
            places.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            places.setdefault((*table, *_names(key[1])), number)
    return places


def line_of(places: Mapping[Place, int], place: Sequence[str | int]) -> int:
    """Return the line of a place, or of the nearest one around it; 1 if there is none."""
    wanted = tuple(place)
    while wanted and wanted not in places:
        wanted = wanted[:-1]
    return places.get(wanted, 1)


def _names(text: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in text.split("."))
