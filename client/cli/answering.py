"""What files answer, as a person writes it down once for all of them (TOML or JSON).

measure_id = "M01"                  # for every file
category = "DC-CNT"
identifier = "+999 555 0117"
from = 2026-01-01T00:00:00Z
to = 2026-04-01T00:00:00Z

[files."notes.txt"]                 # for this one, by its name: what differs
category = "DC-TRF"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from client.errors import UsageError, unreadable
from client.sdk.sources import Source
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError

_FILES: Final = "files"


def answering(sources: Sequence[Source], file: Path | None, field: str = "answers") -> list[Source]:
    """Say of each file what it answers; or, as `field`, another thing that its declaration has.

    Raises:
        UsageError: the file cannot be read, or names one that is not added.
    """
    if file is None:
        return list(sources)
    told = _read(file)
    apart = told.pop(_FILES, {})
    if not isinstance(apart, dict):
        raise UsageError(f"{file}: `files` is a table of files by name", code="bad_answers")
    unknown = sorted(set(apart) - {source.name for source in sources})
    if unknown:
        raise UsageError(
            f"{file} speaks of {', '.join(unknown)}, which is not added here",
            code="bad_answers",
            next_step="name files as they are given on the line",
        )
    return [_with(source, told, apart.get(source.name), field) for source in sources]


def _with(source: Source, told: Mapping[str, Json], own: Json, field: str) -> Source:
    answers: Json = {**told, **(own if isinstance(own, dict) else {})}
    return replace(source, declared={**source.declared, field: answers})


def _read(file: Path) -> dict[str, Json]:
    try:
        text = file.read_bytes()
        as_json = file.suffix == ".json"
        value = canonical.read(text) if as_json else _plain(tomllib.loads(text.decode()))
    except OSError as error:
        raise unreadable(file, error) from error
    except (FormatError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {error}", code="bad_answers") from error
    if not isinstance(value, dict):
        raise UsageError(f"{file}: this is no table", code="bad_answers")
    return value


def _plain(value: Any) -> Json:  # noqa: ANN401 - whatever TOML has
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    plain: Json = value
    return plain
