"""A story: who takes part, when it begins, how it goes, and how else it may go: its variants."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console

from deploy.stories.profiles import Changes
from deploy.stories.stage import Stage
from deploy.stories.telling import Teller
from deploy.stories.world import World

STATISTICS = Path(__file__).with_name("statistics.toml")
Play = Callable[[Stage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another way in which a story goes."""

    title: str
    play: Play
    changes: Changes | None = None  # of the profiles; None: as in the story


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One scenario of the process (9).

    `zones` maps each country that takes part to the time zone of its central authority.
    """

    number: int
    title: str
    text: str
    zones: Mapping[str, str]
    begins: datetime
    play: Play
    variants: Mapping[str, Variant] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)  # of the profiles between these countries

    def ways(self) -> Mapping[str, Variant]:
        """Return every way in which it goes: "" as it stands, and its variants by letter."""
        return {"": Variant(title=self.title, play=self.play), **self.variants}


def _expected(name: str) -> Mapping[str, Mapping[str, int | str]]:
    """Return the numbers of the year after a story, by country: every one that is not 0."""
    told = tomllib.loads(STATISTICS.read_text(encoding="utf-8"))
    found: Mapping[str, Mapping[str, int | str]] = told.get(name, {})
    return found


def tell(story: Story, way: str, console: Console) -> int:
    """Play a story on a fresh federation; return how many claims held.

    Raises:
        BrokenStoryError: something is not as it says.
    """
    with tempfile.TemporaryDirectory(prefix="rogatory-story-") as folder:
        chosen = story.ways()[way]
        changes = story.changes if chosen.changes is None else chosen.changes
        world = World(Path(folder) / "world", story.zones, story.begins, changes)
        teller = Teller(console, tuple(story.zones), story.zones)
        variant = f", variant {way}" if way else ""
        teller.title(f"SC-{story.number:02}{variant}  {chosen.title}", story.text)
        with world:
            stage = Stage(world, teller)
            chosen.play(stage)
            if not stage.spoilt:
                stage.logs_agree()
                expected = _expected(f"SC-{story.number:02}{way}")
                for country, numbers in expected.items():
                    stage.counts_the_year(country, numbers)
    return teller.claims
