"""Misuse while it happens: what new entries of a log that is watched complete, told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from client.oversight.counting.docket import Docket
from client.oversight.counting.facts import facts
from client.oversight.counting.misuse import detect
from client.oversight.counting.people import People
from client.oversight.mirror import CHECKPOINT, Mirror, entry_bundles, tile_path
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.notes import read_note
from shared.protocol.tiles import WIDTH, parse_bundle

BACK: Final = timedelta(days=365)
"""How far back an entry still counts with a new one."""
_FOREVER: Final = 2**62


@dataclass(slots=True)
class Monitor:
    """Patterns over a mirror that grows; what was in it before the first look is not new."""

    mirror: Mirror
    zone: tzinfo = UTC  # in which it is night
    _docket: Docket = field(default_factory=lambda: Docket(until=_FOREVER))
    _fed: int = 0
    _known: int | None = None

    def __post_init__(self) -> None:
        if self.mirror.has(CHECKPOINT):
            note = self.mirror.read(CHECKPOINT).decode("utf-8", "replace")
            self._known = read_checkpoint(read_note(note).text).size

    def look(self, *, size: int, now: datetime) -> Mapping[str, Sequence[str]]:
        """Take the entries up to a size, which were audited; give what is new, by pattern."""
        known = size if self._known is None else self._known
        self._feed(size)
        since = int((now - BACK).timestamp())
        new: dict[str, list[str]] = defaultdict(list)
        for each in detect(self._docket, since=since, people=People(), zone=self.zone):
            if each.at >= known:
                new[each.pattern].append(each.line())
        self._known = size
        return new

    def _feed(self, size: int) -> None:
        for tile in entry_bundles(size, first=self._fed // WIDTH):
            bodies = parse_bundle(self.mirror.read(tile_path(tile)))
            for index, body in enumerate(bodies, tile.n * WIDTH):
                if index >= self._fed:
                    self._docket.add(index, facts(body))
        self._fed = size
