"""How a draft comes to the command line: from a file, or from a person who answers a guide's questions."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from client.cli import standards
from client.cli.terminal import Terminal
from client.cli.words import indented
from client.errors import UsageError, unreadable
from client.guide import Draft, Guide, ask_country, ask_instrument
from client.profiles import read_json
from client.questions import Questions
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError
from shared.protocol.law.schemas import schema


def read_draft(path: Path) -> Draft:
    """Read a draft from JSON, or from TOML if the file's name ends so.

    Raises:
        UsageError: it cannot be read.
    """
    if path.suffix != ".toml":
        return read_json(path)
    try:
        told = _plain(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}", code="not_toml") from error
    assert isinstance(told, dict)
    return told


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    """TOML has days and instants; a request has their texts."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case date() | datetime():
            return value.isoformat()
        case _:
            return value


def guide(
    terminal: Terminal,
    told: Draft,
    instrument: str | None,
    pair: Path | None,
    save: Path | None,
) -> None:
    """Fill in a draft by asking; with `save` without a node, and each answer is kept.

    Raises:
        UsageError: the answers ended too early, or the draft has another shape.
    """

    def keep(draft: Mapping[str, Json]) -> None:
        if save is not None:
            save.write_text(indented(dict(draft)) + "\n", encoding="utf-8")

    try:
        ask_country(told, ask=_ask, say=_say)
        by = (
            standards.of_node(terminal, told, instrument=instrument, pair=pair)
            if save is None
            else standards.offline(told, instrument=instrument, pair=pair)
        )
        chosen = by.instrument or ask_instrument(by.offered, ask=_ask, say=_say)
        Guide(
            told=told,
            instrument=chosen,
            pair=by.pair,
            questions=Questions(form=schema(chosen), ask=_ask, say=_say),
            keep=keep,
            now=terminal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
        ).run()
    except EOFError as error:
        kept = (
            f"go on with --from {save}" if save else "begin with --save FILE, and go on with --from"
        )
        raise UsageError(
            "the answers ended before the request was complete", code="incomplete", next_step=kept
        ) from error
    except FormatError as error:
        raise misshapen(error) from error


def _ask(question: str) -> str:
    """Questions are remarks; only what was asked for goes to stdout."""
    print(question, end="", file=sys.stderr, flush=True)
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.rstrip("\r\n")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def misshapen(error: FormatError) -> UsageError:
    """Say which field of a draft has another shape than the form wants."""
    return UsageError(
        error.detail,
        code="misshapen",
        next_step="mend this field; `rogatory request schema` prints the form",
    )
