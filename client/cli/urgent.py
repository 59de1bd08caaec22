"""`rogatory request …` in an emergency, and for data that is to be preserved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from client.cli.deeds import seconds
from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.cli.words import indented, request_line
from client.errors import UsageError, unreadable
from client.sdk import requests, urgent
from client.sdk.approving import Officer, load_officer
from client.sdk.session import connect
from shared.protocol.canonical import Json
from shared.protocol.keys import OfficerKey

Text = Annotated[str, typer.Option(help="In words.")]


def approve_unvalidated(
    context: typer.Context,
    request_id: RequestId,
    *,
    reason: Annotated[str, typer.Option(help="Why no judge could be reached.")],
    drafter: Annotated[str, typer.Option(help="Who drafted it, as the registry names them.")],
    drafter_key: Annotated[Path, typer.Option(help="That officer's key.")],
) -> None:
    """Approve an emergency as the duty officer, before a judge has validated it (48 hours)."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    try:
        other = Officer(name=drafter, key=OfficerKey.from_bytes(drafter_key.read_bytes()))
    except OSError as error:
        raise unreadable(drafter_key, error) from error
    found = requests.find(session, request_id)
    if found.state != "S00":
        raise UsageError(f"request {request_id} is {found.state} and no draft", code="no_draft")
    done = urgent.send_unvalidated(
        session,
        found,
        reason,
        drafter=other,
        duty=load_officer(terminal.profile()),
        clock=terminal.clock,
    )
    terminal.answer(done.wire, [request_line(done)])


def emergency(context: typer.Context, request_id: RequestId) -> None:
    """Show how an emergency stands, and which number to call back."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    told = dict(urgent.emergency(session, request_id))
    terminal.answer(told, [indented(told)])


def call_back(
    context: typer.Context,
    request_id: RequestId,
    *,
    number: Annotated[str, typer.Option(help="That you called: the directory's.")],
    spoke_with: Annotated[str, typer.Option(help="Who answered.")],
    text: Text,
    denied: Annotated[bool, typer.Option("--denied", help="They did not confirm it.")] = False,
) -> None:
    """Record as the duty officer that you called back, and what you were told."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    said: dict[str, Json] = {"number": number, "spoke_with": spoke_with, "text": text}
    officer, found = load_officer(terminal.profile()), requests.find(session, request_id)
    told = dict(
        urgent.call_back(
            session,
            found,
            said | {"confirmed": not denied},
            officer=officer,
            clock=terminal.clock,
        )
    )
    terminal.answer(told, [indented(told)])


def validate(
    context: typer.Context,
    request_id: RequestId,
    *,
    authority: Annotated[str, typer.Option(help="Which judge or prosecutor.")],
    text: Text,
    refused: Annotated[bool, typer.Option("--refused", help="It was not validated.")] = False,
) -> None:
    """Record what a judge or prosecutor said of a request that was sent before."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    said: dict[str, Json] = {"granted": not refused, "authority": authority, "text": text}
    officer, found = load_officer(terminal.profile()), requests.find(session, request_id)
    told = dict(urgent.validate(session, found, said, officer=officer, clock=terminal.clock))
    terminal.answer(told, [indented(told)])


def preserve(
    context: typer.Context,
    request_id: RequestId,
    state: Annotated[
        str | None,
        typer.Argument(help="ordered, extended, released, warning, refused or asked; none: show."),
    ] = None,
    *,
    text: Annotated[str, typer.Option(help="In words.")] = "",
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the profile's.")
    ] = None,
) -> None:
    """Say what becomes of data that is to be preserved, or show until when it is."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    if state is None:
        told = dict(urgent.preservation(session, request_id))
    else:
        said: dict[str, Json] = {"state": state, "text": text or state}
        said |= {} if until is None else {"until": seconds(until)}
        told = dict(urgent.preserve(session, request_id, said))
    terminal.answer(told, [indented(told)])


def register(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    for command in (approve_unvalidated, emergency, call_back, validate, preserve):
        app.command(command.__name__.replace("_", "-"))(command)
