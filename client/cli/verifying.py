"""`rogatory verify`: the court's view, offline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from client.bundle import open_bag
from client.cli.options import Root
from client.cli.progress import bar
from client.cli.terminal import Terminal, terminal_of
from client.errors import UsageError
from client.verifier import NONE_HASHED, verify_bag
from shared.protocol.canonical import Json
from shared.protocol.checks import (
    Check,
    Failed,
    NotChecked,
    Passed,
    PayloadFile,
    Report,
    Result,
)


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="BAG", help="The folder of the bag.")],
    *,
    root: Root = None,
) -> None:
    """Verify a bag with nothing but the bag and a pinned root; exit code 3 if anything is wrong."""
    terminal = terminal_of(context)
    report = verify_and_tell(terminal, folder, read_root(terminal, root))
    terminal.answer(report_json(report), [verdict(report)])
    if not report.verified:
        raise typer.Exit(3)


def read_root(terminal: Terminal, root: Path | None) -> bytes:
    """Read the pinned root that was named, or that of the profile.

    Raises:
        UsageError: there is none.
    """
    chosen = root or terminal.profile().root
    if chosen is None:
        raise UsageError(
            "a pinned root is needed: where trust begins",
            code="no_root",
            next_step="name it with --root; you have it from the directory's steering group",
        )
    return chosen.read_bytes()


def verify_and_tell(
    terminal: Terminal,
    folder: Path,
    pinned_root: bytes,
    *,
    hashed: Mapping[str, PayloadFile] = NONE_HASHED,
) -> Report:
    """Make the checks and show each as soon as it stands."""

    def tell(result: Result) -> None:
        if not terminal.json:
            for line in lines_of(result):
                print(line)

    bag = open_bag(folder)
    with bar(terminal, "hashed", bag.size_to_hash(hashed)) as progress:
        return verify_bag(bag, pinned_root=pinned_root, hashed=hashed, tell=tell, progress=progress)


def lines_of(result: Result) -> list[str]:
    """Show one check: its number, what became of it, and what was found where."""
    head = f"{result.check.number:2}"
    match result:
        case Passed():
            return [f"{head} ok      {result.check.title}: {result.detail}"]
        case Failed():
            return [
                f"{head} FAILED  {result.check.title}",
                f"           {result.object}: {result.detail}",
            ]
        case NotChecked():
            return [f"{head} -       {result.check.title}: not checked, {result.detail}"]


def verdict(report: Report) -> str:
    """Say what it comes to."""
    if report.verified:
        return f"Verified: all {len(Check)} checks hold."
    failed = [str(each.check.number) for each in report.results if isinstance(each, Failed)]
    return f"NOT verified: check {', '.join(failed)} failed."


def report_json(report: Report) -> dict[str, Json]:
    """Give the report for programs."""
    return {"verified": report.verified, "checks": [_row(each) for each in report.results]}


def _row(result: Result) -> dict[str, Json]:
    return {
        "number": result.check.number,
        "name": result.check.title,
        "result": {Passed: "passed", Failed: "failed", NotChecked: "not_checked"}[type(result)],
        "detail": result.detail,
        "object": None if isinstance(result, NotChecked) else result.object,
        "code": result.code if isinstance(result, Failed) else None,
    }


COMMANDS = {"verify": verify}
