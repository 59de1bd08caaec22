"""Options and arguments that several commands have."""

from __future__ import annotations

from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from client.errors import UsageError

RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id.")]
PackageId = Annotated[str, typer.Argument(metavar="PACKAGE", help="The package's id.")]
Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to put it.")]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="ROOT",
        envvar="ROGATORY_ROOT",
        help="The pinned root of the directory. Default: the profile's.",
    ),
]
Wait = Annotated[
    int, typer.Option("--wait", metavar="SECONDS", help="How long to wait for the other country.")
]
Zone = Annotated[
    str, typer.Option("--zone", metavar="ZONE", help="In which it is night: Europe/Zurich.")
]


def read_zone(name: str) -> tzinfo:
    """Find a time zone by its name.

    Raises:
        UsageError: there is none.
    """
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"there is no time zone {name}", code="no_zone") from error
