"""The words of the ceremony are commands that exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from client.cli.federation import app

TEXT = (Path(__file__).parents[2] / "deploy/CEREMONY.md").read_text()
LINES = re.findall(r"^    rogatory (?:--profile \w+ )?federation (.+)$", TEXT, re.MULTILINE)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_every_ceremony_is_told() -> None:
    assert {line.split()[0] for line in LINES} == set(COMMANDS)
    pairs = {line.split()[1] for line in LINES if line.startswith("pair ")}
    assert pairs == set(COMMANDS["pair"].commands)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_line_of_the_ceremony_is_understood(line: str) -> None:
    name, *words = shlex.split(line)
    command = COMMANDS[name]
    if name == "pair":  # a group of its own
        name, *words = words
        command = command.commands[name]
    context = command.make_context(name, words, resilient_parsing=True)
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= known
    assert not context.args
