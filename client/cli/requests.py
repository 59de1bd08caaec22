"""`rogatory request …`: draft (see `drafting`), approve, send; and, in the other country, answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli import acts, deadlines, drafting, letters, safeguards, telling, urgent, uses
from client.cli.deeds import NECESSITY, Assessment, found_that
from client.cli.options import RequestId, Wait
from client.cli.terminal import Terminal, terminal_of
from client.cli.waiting import wait_for
from client.cli.words import request_line, request_lines
from client.printing import to_pdf
from client.sdk import requests
from client.sdk.approving import load_officer
from client.sdk.records import Request
from client.sdk.session import Session, connect
from shared.protocol.canonical import Json
from shared.protocol.law.documents import of_json
from shared.protocol.law.rendering import render

TRANSMITTED: Final = "S04"
app = typer.Typer(no_args_is_help=True)


def approve(
    context: typer.Context, request_id: RequestId, *, assessment: Assessment = None
) -> None:
    """Approve a request as the second officer, in exactly the version shown."""
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = _session(terminal)
    found = requests.find(session, request_id)
    if assessment is not None:
        said: dict[str, Json] = {"gate": NECESSITY, "role": "RQ-JUD", "verdict": "pass"}
        found_that(context, request_id, **said, text=assessment)
    terminal.say(f"approving version {found.version}, SHA-256 {found.digest}, as {officer.name}")
    _tell(terminal, requests.approve(session, found, officer=officer, clock=terminal.clock))


def send(context: typer.Context, request_id: RequestId, *, wait: Wait = 30) -> None:
    """Send an approved request, and wait until the other country's gateway has it."""
    terminal = terminal_of(context)
    session = _session(terminal)
    sent = requests.send(session, request_id)
    _tell(
        terminal,
        wait_for(
            sent,
            read=lambda: requests.find(session, request_id),
            done=lambda found: found.state != TRANSMITTED,
            seconds=wait,
            terminal=terminal,
        ),
    )


def acknowledge(
    context: typer.Context,
    request_id: RequestId,
    *,
    reference: Annotated[str, typer.Option(help="Your authority's own reference.")],
    note: Annotated[str, typer.Option(help="To the other authority.")] = "",
) -> None:
    """Confirm to the other country that the request is with your authority."""
    terminal = terminal_of(context)
    session = _session(terminal)
    _tell(terminal, requests.acknowledge(session, request_id, reference=reference, note=note))


def show(
    context: typer.Context,
    request_id: RequestId,
    *,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF (rogatory[pdf]).")
    ] = None,
) -> None:
    """Show a request: where it stands, who did what, and what it waits for."""
    terminal = terminal_of(context)
    found = requests.find(_session(terminal), request_id)
    if html is not None or pdf is not None:
        page = render(of_json(found.wire.get("document")))
        if html is not None:
            html.write_text(page, encoding="utf-8")
        if pdf is not None:
            pdf.write_bytes(to_pdf(page))
    terminal.answer(found.wire, request_lines(found))


def correspondence(context: typer.Context, request_id: RequestId) -> None:
    """Show what both authorities wrote about a request: questions, conditions, decisions, notices."""
    terminal = terminal_of(context)
    found = requests.messages(_session(terminal), request_id)
    rows: list[Json] = [dict(each) for each in found]
    lines = [
        f"{each['at']}  {'<-' if each['direction'] == 'in' else '->'}  {each['type']}  {each['body']}"
        for each in found
    ]
    terminal.answer({"messages": rows}, lines or ["nothing was written yet"])


def list_all(
    context: typer.Context,
    *,
    direction: Annotated[str | None, typer.Option(help="out (yours) or in.")] = None,
    state: Annotated[str | None, typer.Option(help="S00 to S21.")] = None,
) -> None:
    """List requests."""
    terminal = terminal_of(context)
    found = requests.find_all(_session(terminal), direction=direction, state=state)
    rows: list[Json] = [dict(each.wire) for each in found]
    terminal.answer({"requests": rows}, map(request_line, found))


app.command("template")(drafting.template)
app.command("schema")(drafting.form)
app.command("check")(drafting.check)
app.command("new")(drafting.new)
app.command("amend")(drafting.amend)
app.command("submit")(drafting.submit)
app.command("return")(drafting.give_back)
app.command("approve")(approve)
app.command("send")(send)
app.command("show")(show)
app.command("list")(list_all)
app.command("messages")(correspondence)
app.command("acknowledge")(acknowledge)
acts.register(app)
letters.register(app)
urgent.register(app)
telling.register(app)
deadlines.register(app)
safeguards.register_requests(app)
uses.register_requests(app)


def _session(terminal: Terminal) -> Session:
    return connect(terminal.profile(), clock=terminal.clock)


def _tell(terminal: Terminal, request: Request) -> None:
    terminal.answer(request.wire, [request_line(request)])
