"""Who did it: commitments name nobody, the openings of an export do; each is checked against its entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from client.oversight.mirror import Mirror, entry_bundles, tile_path
from client.sdk.records import as_list, as_object, number, text
from shared.protocol.canonical import read, unb64u
from shared.protocol.commitments import Opening, check_opening
from shared.protocol.leaves import parse
from shared.protocol.tiles import WIDTH, parse_bundle

UNOPENED: Final = "not opened"
_MAX: Final = 2**30
_NAMES: Final = ("officer", "person", "client", "subject")


@dataclass(frozen=True, slots=True)
class People:
    """What was opened, by the number that an entry has over all of the logs."""

    opened: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def who(self, at: int) -> str:
        """Name the person or client of an entry."""
        told = self.opened.get(at, {})
        return next((told[name] for name in _NAMES if name in told), UNOPENED)

    def said(self, at: int, name: str) -> str:
        """Give one value of an entry."""
        return self.opened.get(at, {}).get(name, UNOPENED)


def read_people(file: Path, mirror: Mirror, *, size: int, before: int) -> People:
    """Read `openings.json` of an export of a log.

    Args:
        file: as `rogatory audit export --openings` wrote it.
        mirror: of the same log.
        size: how many of its entries are counted.
        before: how many entries came in the logs before it.

    Raises:
        DigestMismatchError: a value is not what its entry commits to.
        FormatError: the file is no list of openings.
    """
    told: dict[int, list[Opening]] = {}
    for row in map(as_object, as_list(read(file.read_bytes(), max_size=_MAX))):
        openings = map(as_object, as_list(row.get("openings")))
        told[number(row, "index")] = [
            Opening(name=text(each, "name"), value=text(each, "value"), salt=unb64u(text(each, "salt")))
            for each in openings
        ]  # fmt: skip
    opened = dict[int, Mapping[str, str]]()
    for tile in entry_bundles(size):
        inside = [at for at in range(tile.n * WIDTH, tile.n * WIDTH + tile.width) if at in told]
        bodies = parse_bundle(mirror.read(tile_path(tile))) if inside else []
        for at in inside:
            leaf = parse(bodies[at - tile.n * WIDTH])
            for each in told[at]:
                check_opening(leaf.commit, each)
            opened[before + at] = {each.name: each.value for each in told[at]}
    return People(opened)
