"""How the program speaks: answers on stdout, everything else on stderr; with --json one object."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from client.clock import Clock, utc_now
from client.errors import ClientError
from client.profiles import Profile, config_path, load
from shared.protocol.canonical import Json, encode


@dataclass(slots=True, kw_only=True)
class Terminal:
    """The options of the whole program, and how it speaks."""

    json: bool = False
    quiet: bool = False
    profile_name: str | None = None
    config: Path = field(default_factory=config_path)
    clock: Clock = utc_now

    def profile(self) -> Profile:
        """Load the profile that was chosen."""
        return load(self.config, self.profile_name)

    def answer(self, value: Mapping[str, Json], lines: Iterable[str]) -> None:
        """Give what was asked for: one object with --json, else lines for people."""
        if self.json:
            print(encode(value).decode())
        else:
            for line in lines:
                print(line)

    def say(self, line: str) -> None:
        """Say what goes on, on stderr."""
        if not self.quiet:
            print(line, file=sys.stderr)

    def fail(self, error: ClientError) -> int:
        """Say what went wrong, by which rule and what to do; give the exit code."""
        if self.json:
            print(encode({"error": error.to_json()}).decode())
        print(f"rogatory: {error.detail}", file=sys.stderr)
        for word, text in (("rule", error.rule), ("next", error.next_step)):
            if text:
                print(f"  {word}: {text}", file=sys.stderr)
        return error.exit_code


def terminal_of(context: typer.Context) -> Terminal:
    """Give the terminal that a command speaks to."""
    terminal = context.obj
    assert isinstance(terminal, Terminal)
    return terminal
