"""`rogatory inbox` and `rogatory fetch`: what came from the other country."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import PackageId, Root
from client.cli.progress import bar
from client.cli.terminal import terminal_of
from client.cli.verifying import read_root, report_json, verdict, verify_and_tell
from client.cli.words import package_line, request_line
from client.sdk import packages
from client.sdk.approving import load_officer
from client.sdk.download import fetch_bag
from client.sdk.session import connect
from shared.protocol.bag import TAG_MANIFEST
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256


def inbox(context: typer.Context) -> None:
    """List the packages to fetch and the requests to answer."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    found, asked = packages.inbox(session)
    rows: dict[str, list[Json]] = {
        "packages": [dict(each.wire) for each in found],
        "requests": [dict(each.wire) for each in asked],
    }
    lines = [*map(package_line, found), *map(request_line, asked)]
    terminal.answer({**rows}, lines or ["nothing waits for you"])


def fetch(  # noqa: PLR0913 - what a person may say
    context: typer.Context,
    package_id: PackageId,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Default: the package's id."),
    ] = None,
    root: Root = None,
    handover: Annotated[
        bool, typer.Option("--handover/--no-handover", help="Confirm what was verified.")
    ] = True,
    case: Annotated[
        str | None,
        typer.Option(help="For which case you read it. Default: the one that it was asked for."),
    ] = None,
    exculpatory: Annotated[
        bool, typer.Option(help="For a defence in another case, where COND-13 allows it.")
    ] = False,
) -> None:
    """Fetch a package as a bag, verify it, and confirm the hand-over to both countries.

    Run again after a break: what is there is not fetched again. Nothing is confirmed unless all checks
    hold.
    """
    terminal = terminal_of(context)
    pinned = read_root(terminal, root)
    officer = load_officer(terminal.profile())
    session = connect(terminal.profile(), clock=terminal.clock)
    package = packages.find(session, package_id)
    folder = output or Path(package_id)
    with bar(terminal, "fetched", package.size) as progress:
        hashed = fetch_bag(
            session,
            package,
            folder,
            officer=officer,
            progress=progress,
            case=case,
            exculpatory=exculpatory,
        )
    report = verify_and_tell(terminal, folder, pinned, hashed=hashed)
    tag_manifest = sha256((folder / TAG_MANIFEST).read_bytes())
    confirmed = report.verified and handover
    if confirmed:
        packages.hand_over(session, package_id, tag_manifest)
    done = "hand-over confirmed" if confirmed else "hand-over NOT confirmed"
    terminal.answer(
        {
            **report_json(report),
            "package_id": package_id,
            "bag": str(folder),
            "tagmanifest_sha256": tag_manifest.hex(),
            "handover": confirmed,
        },
        [f"{verdict(report)} {done}.", f"{tag_manifest.hex()}  {folder / TAG_MANIFEST}"],
    )
    if not report.verified:
        raise typer.Exit(3)


COMMANDS = {"inbox": inbox, "fetch": fetch}
