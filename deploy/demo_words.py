"""How the demo speaks: parts, plain sentences, the commands that run, and what came of it."""

import sys
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

WIDTH = 110  # characters of a command that are shown


class Stage:
    """Numbers the parts and prints everything in order; paths are shown from the demo's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = f"{folder}/"
        self.console = Console(highlight=False, soft_wrap=True)
        self.parts = 0

    def part(self, title: str) -> None:
        """Begin the next part."""
        self.parts += 1
        self.console.print(f"\n[bold cyan]{self.parts}  {escape(title)}[/]")

    def say(self, sentence: str) -> None:
        """Say what happens now."""
        self.console.print(f"   {escape(sentence)}")

    def command(self, line: str) -> None:
        """Show a command as it runs."""
        line = line.replace(self.folder, "")
        shown = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
        self.console.print(f"   [dim]$ rogatory {escape(shown)}[/]")

    def shell(self, line: str) -> None:
        """Show a command that is not ours."""
        self.console.print(f"   [dim]$ {escape(line)}[/]")

    def fact(self, line: str) -> None:
        """Show one line of detail."""
        self.console.print(f"     {escape(line)}")

    def done(self, sentence: str) -> None:
        """Say what a part has reached."""
        self.console.print(f"   [green]✓[/] {escape(sentence)}")

    def found(self, sentence: str) -> None:
        """Say that an attack was noticed, and how."""
        self.console.print(f"   [green]✓ found:[/] {escape(sentence)}")

    def fail(self, sentence: str) -> NoReturn:
        """Say what went wrong and exit 1."""
        self.console.print(f"   [bold red]✗ {escape(sentence)}[/]")
        sys.exit(1)

    def end(self, seconds: float) -> None:
        """Close the demo."""
        self.console.print(
            f"\n[bold green]All seven parts in {seconds:.0f} s.[/]"
            " `make lab` leaves the two nodes running for you to try."
        )
