"""`rogatory audit find`: all that a log says of a case or a peer, or the proof that it says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Root
from client.cli.terminal import terminal_of
from client.cli.verifying import read_root
from client.oversight.answers import Answer, Told
from client.oversight.finding import check_against
from client.oversight.finding import find as ask
from client.oversight.mirror import Mirror
from client.sdk.session import connect
from shared.protocol.canonical import Json


def find(  # noqa: PLR0913 - what to find, why, and against what to hold it
    context: typer.Context,
    *,
    case: Annotated[
        str | None, typer.Option(metavar="REQUEST", help="The request's id, or its pseudonym.")
    ] = None,
    peer: Annotated[str | None, typer.Option(metavar="COUNTRY", help="The other country.")] = None,
    purpose: Annotated[
        str, typer.Option(envvar="ROGATORY_PURPOSE", help="Why you read; it is recorded.")
    ],
    mirror: Annotated[
        Path | None,
        typer.Option("-d", "--mirror", metavar="DIR", help="A mirror to hold the answer against."),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(metavar="ORIGIN", help="A closed log of your country, by its name."),
    ] = None,
    root: Root = None,
) -> None:
    """List all entries of a case or about a country, and prove that none is missing.

    Your node answers; nothing of it is believed. Without an entry you have the proof that there is
    none. Each log of the country, one for each year, is asked by itself. If the answer does not hold,
    the exit code is 3.
    """
    terminal = terminal_of(context)
    pinned = read_root(terminal, root)
    session = connect(terminal.profile(), clock=terminal.clock, purpose=purpose)
    answer = ask(session, case=case, peer=peer, pinned_root=pinned, log=log)
    if mirror is not None:
        check_against(answer, Mirror(mirror), pinned_root=pinned)
    events: list[Json] = [_row(each) for each in answer.told]
    told: dict[str, Json] = {
        "case": case,
        "peer": peer,
        "origin": answer.stated.origin,
        "size": answer.stated.size,
        "until": answer.until,
        "index": answer.index,
        "covered": answer.root.size,
        "events": events,
    }
    terminal.answer(told, [*map(_line, answer.told), _verdict(answer, case or peer or "")])


def _row(told: Told) -> dict[str, Json]:
    event = told.event
    return {
        "index": event.index,
        "time": event.time,
        "type": event.type,
        "detail": event.detail,
        "openings": {**told.openings},
    }


def _line(told: Told) -> str:
    event = told.event
    opened = [f"{name}: {value}" for name, value in told.openings.items()]
    detail = ", ".join(filter(None, [event.detail, *opened]))
    return f"{event.index:6}  {event.time}  {event.type:22}  {detail}"


def _verdict(answer: Answer, name: str) -> str:
    found = f"all {len(answer.told)} entries" if answer.told else "proven: there is no entry"
    log = f"the {answer.stated.size} entries of {answer.stated.origin} up to {answer.until}"
    how = (
        "every entry was read"
        if answer.index is None
        else f"by the index in entry {answer.index}, over {answer.root.size} entries; the rest was read"
    )
    return f"{found} of {name} among {log} ({how})"
