"""`rogatory audit fsck` and `rogatory audit erase`: for who runs a log, and who protects personal data."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.cli.waiting import wait_for
from client.errors import UnavailableError, UsageError
from client.sdk.session import connect
from client.sdk.upkeep import begin_inspection, erase, newest_inspection
from shared.protocol.identifiers import new_id

PATIENCE: Final = 3600  # seconds; about forty for a million entries


def fsck(
    context: typer.Context,
    *,
    wait: Annotated[
        int, typer.Option("--wait", metavar="SECONDS", help="How long to wait for its end.")
    ] = PATIENCE,
) -> None:
    """Have your node make everything anew that derives from the log's entries; exit code 3 if it is bad.

    Columns, counts, tree, checkpoints, what is shown, index, openings: the first entry that does not fit
    is named. The log goes on meanwhile. A second inspection joins the one that is running.
    """
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    found = wait_for(
        begin_inspection(session),
        read=lambda: newest_inspection(session),
        done=lambda seen: seen.ended,
        seconds=wait,
        terminal=terminal,
    )
    if found.state in {"running", "interrupted"}:
        raise UnavailableError(
            f"the inspection is {found.state} at {found.checked} of {found.size} entries",
            code="not_inspected",
            next_step="rogatory audit fsck joins it, or begins another",
        )
    damaged = found.bad is not None
    told = f"DAMAGED: entry {found.bad}: {found.detail}" if damaged else "everything fits"
    terminal.answer(found.told, [f"{found.size} entries, {found.checked} checked: {told}"])
    if damaged:
        raise typer.Exit(3)


def erasing(
    context: typer.Context,
    case: RequestId,
    *,
    ground: Annotated[
        str,
        typer.Option(
            help="retention-ended, unlawful, legal-duty, court-order or supervisory-order."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Say that it is meant.")] = False,
    erasure: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Repeat an erasure that was not answered."),
    ] = None,
) -> None:
    """Erase, for ever, what the log's entries of a case commit to: who acted.

    The entries stay, and everything still verifies. That it was done, on which ground and by whom, is an
    entry itself. Overseers who were shown the openings before are told by it to erase theirs.
    """
    terminal = terminal_of(context)
    if not yes:
        raise UsageError("an erasure cannot be undone", code="not_confirmed", next_step="add --yes")
    session = connect(terminal.profile(), clock=terminal.clock)
    erasure_id = erasure or new_id(terminal.clock())
    terminal.say(f"erasure {erasure_id}")
    done = erase(session, case=case, ground=ground, erasure_id=erasure_id)
    terminal.answer(
        {"case": case, "erasure": erasure_id, "index": done.index, "openings": done.count},
        [f"{done.count} openings of {case} are destroyed; entry {done.index} says so"],
    )
