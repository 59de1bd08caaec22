"""What the countries of a story agreed on: the example's profile for each ordered pair, with changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

from deploy.agreements import FOLDER

EXAMPLE = FOLDER / "QM-QN.toml"
CALENDARS = {
    "Asia/Tokyo": "JP",
    "Europe/Berlin": "DE",
    "Europe/Zurich": "CH",
    "Europe/Paris": "FR",
    "America/New_York": "US",
    "Europe/London": "GB",
}
Changes = Mapping[tuple[str, str], Mapping[str, str]]
"""By requesting and requested country: what stands in the example, and what stands there instead."""


def write(folder: Path, zones: Mapping[str, str], changes: Changes) -> Path:
    """Write the profile of each ordered pair of countries into a folder.

    Raises:
        ValueError: a change finds nothing to change.
    """
    folder.mkdir(parents=True)
    for requesting, requested in permutations(zones, 2):
        text = _between(requesting, requested, zones[requested])
        for old, new in changes.get((requesting, requested), {}).items():
            if old not in text:
                message = f"the profile has no {old!r}"
                raise ValueError(message)
            text = text.replace(old, new)
        (folder / f"{requesting}-{requested}.toml").write_text(text, encoding="utf-8")
    return folder


def _between(requesting: str, requested: str, zone: str) -> str:
    text = EXAMPLE.read_text(encoding="utf-8")
    names = {"QM": requesting, "QN": requested}
    text = re.sub(r"\bQ[MN]\b", lambda found: names[found.group()], text)
    text = re.sub(r'(?m)^time_zone = "[^"]*"', f'time_zone = "{zone}"', text)
    return re.sub(r'(?m)^calendar = "[^"]*"', f'calendar = "{CALENDARS[zone]}"', text)


def only(*codes: str) -> dict[str, str]:
    """Return the change that leaves these instruments in force, and no other."""
    text = EXAMPLE.read_text(encoding="utf-8")
    blocks = re.findall(r'\[\[instrument\]\]\ncode = "(\w+)"\nsince = \S+\n\n', text)
    found = re.findall(r'(\[\[instrument\]\]\ncode = "\w+"\nsince = \S+\n\n)', text)
    return {block: "" for code, block in zip(blocks, found, strict=True) if code not in codes}


def more(text: str) -> dict[str, str]:
    """Return the change that adds a table, or several, at the end."""
    return {"cross_check_with_peer = true\n": f"cross_check_with_peer = true\n\n{text}\n"}
