"""What the countries of a laboratory agree on: the profiles in `pairs/`, one for each ordered pair."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Final

from shared.protocol.agreements import PairName
from shared.protocol.canonical import Json

FOLDER: Final = Path(__file__).parent / "pairs"
WRITTEN: Final = (
    "2026-11-22"  # the day that stands in the files; a weighting note ends a year later
)
ENDS: Final = "2027-11-22"


def profiles(
    countries: Sequence[str], now: datetime, folder: Path = FOLDER
) -> Mapping[PairName, bytes]:
    """Return the profile of each ordered pair of these countries for which there is one in a folder.

    What is dated in them (their revision, and the end of a weighting note) is moved to `now`.
    """
    found: dict[PairName, bytes] = {}
    for requesting, requested in permutations(countries, 2):
        path = folder / f"{requesting}-{requested}.toml"
        if path.exists():
            text = _dated(path.read_text(encoding="utf-8"), now).encode()
            digest = hashlib.sha256(text).hexdigest()
            found[PairName(requesting=requesting, requested=requested, sha256=digest)] = text
    return found


def named_by(country: str, agreed: Mapping[PairName, bytes]) -> list[Json]:
    """Return what a country's document says of them."""
    return [
        name.model_dump(mode="json", exclude_unset=True)
        for name in agreed
        if country in name.countries
    ]


def _dated(text: str, now: datetime) -> str:
    today = now.date()
    ends = today.replace(year=today.year + 1, day=min(today.day, 28))
    return text.replace(WRITTEN, today.isoformat()).replace(ENDS, ends.isoformat())
