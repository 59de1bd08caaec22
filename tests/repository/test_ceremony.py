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


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_line_of_the_ceremony_is_understood(line: str) -> None:
    name, *words = shlex.split(line)
    command = COMMANDS[name]
    context = command.make_context(name, words, resilient_parsing=True)
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= known
    assert not context.args
