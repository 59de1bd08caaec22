"""How a story is told: scenes with their local time, sentences, and a picture of what crosses the border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

LANE = 46  # characters between the lanes of two countries
WORDS = 108  # characters of a line of detail


class BrokenStoryError(Exception):
    """Something is not as the story says that it must be."""


class Teller:
    """Prints a story as it is played; what must hold is said, and raises if it does not."""

    def __init__(
        self, console: Console, countries: Sequence[str], zones: Mapping[str, str]
    ) -> None:
        self.console, self._countries = console, tuple(countries)
        self._zones = {country: ZoneInfo(zone) for country, zone in zones.items()}
        self.claims = 0

    def title(self, line: str, text: str) -> None:
        """Begin: what it is about."""
        self.console.print(f"\n[bold cyan]{escape(line)}[/]")
        self.console.print(f"[dim]{escape(text)}[/]\n")

    def scene(self, country: str, moment: datetime, sentence: str) -> None:
        """Say where and when something happens, by the clock on the wall there."""
        local = moment.astimezone(self._zones[country])
        stamp = f"{local:%a %d %b %Y, %H:%M} ({local:%z}) in {country}"
        self.console.print(f"[bold]{stamp}[/]  {escape(sentence)}")

    def say(self, sentence: str) -> None:
        """Say what happens next."""
        self.console.print(f"   {escape(sentence)}")

    def crosses(self, sender: str, receiver: str, what: str) -> None:
        """Draw what goes from one country to another."""
        left, right = sorted((sender, receiver), key=self._countries.index)
        body = f" {what} ".center(LANE - 2, "─")
        shaft = f"{body}─▶" if sender == left else f"◀─{body}"
        self.console.print(f"      [cyan]{left} │{escape(shaft)}│ {right}[/]")

    def blocked(self, sender: str, receiver: str, why: str) -> None:
        """Draw what does not cross."""
        left, right = sorted((sender, receiver), key=self._countries.index)
        shaft = f" {why} ".center(LANE - 2, "┄")
        shaft = f"{shaft}┄✕" if sender == left else f"✕┄{shaft}"
        self.console.print(f"      [red]{left} │{escape(shaft)}│ {right}[/]")

    def stand(self, what: str, states: Mapping[str, str]) -> None:
        """Draw where something stands, country by country."""
        parts = "   ".join(f"{country} {state}" for country, state in states.items())
        self.console.print(f"      [magenta]{escape(what)}: {escape(parts)}[/]")

    def fact(self, line: str) -> None:
        """Show one line of detail."""
        shown = line if len(line) <= WORDS else line[: WORDS - 1] + "…"
        self.console.print(f"     [dim]{escape(shown)}[/]")

    def hold(self, sentence: str, *, found: object, wanted: object = True) -> None:
        """Say what is so.

        Raises:
            BrokenStoryError: it is not.
        """
        if found != wanted:
            self.console.print(f"   [bold red]✗ {escape(sentence)}: {escape(repr(found))}[/]")
            message = f"{sentence}: found {found!r}, not {wanted!r}"
            raise BrokenStoryError(message)
        self.claims += 1
        self.console.print(f"   [green]✓[/] {escape(sentence)}")

    def missing(self, sentence: str) -> None:
        """Say aloud what this story cannot show."""
        self.console.print(f"   [bold yellow]! not played: {escape(sentence)}[/]")
