"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
