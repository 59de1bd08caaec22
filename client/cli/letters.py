"""`rogatory request …`: what the two authorities write to each other about a request."""

from __future__ import annotations

from typing import Annotated

import typer

from client.cli.deeds import Day, Measures, Note, decide, do, seconds, term
from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.cli.words import indented
from client.sdk import acts
from client.sdk.session import connect
from shared.protocol import approvals
from shared.protocol.canonical import Json


def forward(
    context: typer.Context,
    request_id: RequestId,
    *,
    authority: Annotated[str, typer.Option(help="Which one is competent.")],
    reference: Annotated[str, typer.Option(help="Its reference.")],
    note: Note = "",
) -> None:
    """Tell the other authority to whom its request was passed on."""
    do(context, request_id, "forward", authority=authority, reference=reference, note=note)


def ask(  # noqa: PLR0913 - what a question says
    context: typer.Context,
    request_id: RequestId,
    *,
    field: Annotated[list[str], typer.Option(help="Id of what is missing, as D01; repeatable.")],
    text: Annotated[str, typer.Option(help="The question.")],
    due: Day,
    measure: Measures = None,
    provisional: Annotated[bool, typer.Option(help="Protective measures run meanwhile.")] = False,
) -> None:
    """Ask the other authority for what is missing."""
    said: dict[str, Json] = {"fields": list(field), "text": text, "due": seconds(due)}
    do(context, request_id, "ask", measure, **said, provisional=provisional)


def answer(
    context: typer.Context,
    request_id: RequestId,
    *,
    query: Annotated[str, typer.Option(help="Its id: see `request messages`.")],
    text: Annotated[str, typer.Option(help="The answer.")],
) -> None:
    """Answer a question of the other authority."""
    do(context, request_id, "answer", query_id=query, text=text)


def propose(
    context: typer.Context,
    request_id: RequestId,
    *,
    text: Annotated[str, typer.Option(help="What could be granted, and how.")],
    condition: Annotated[
        list[str] | None, typer.Option(help="CODE=words, as COND-01=…; may be repeated.")
    ] = None,
    measure: Measures = None,
) -> None:
    """Propose conditions; without one, consult before a refusal or postponement."""
    terms: list[Json] = [term(each) for each in condition or []]
    do(context, request_id, "propose", measure, terms=terms, text=text)


def settle(
    context: typer.Context,
    request_id: RequestId,
    *,
    set_id: Annotated[str, typer.Option("--set", help="Which ones: see `request messages`.")],
    digest: Annotated[str, typer.Option(help="Of their words, as shown there.")],
    decline: Annotated[bool, typer.Option("--decline", help="Do not take them on.")] = False,
    text: Note = "",
) -> None:
    """Take conditions on by signature, or decline them."""
    verdict = "declined" if decline else "accepted"
    said: dict[str, Json] = {"set_id": set_id, "digest": digest, "verdict": verdict, "text": text}
    decide(context, request_id, "settle", None, said, signs=approvals.CONDITIONS_SETTLE)


def messages(context: typer.Context, request_id: RequestId) -> None:
    """Show what both authorities have written about a request."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    told: list[Json] = [dict(each) for each in acts.messages(session, request_id)]
    terminal.answer({"messages": told}, [indented(each) for each in told])


def register(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    for command in (forward, ask, answer, propose, settle, messages):
        app.command(command.__name__)(command)
