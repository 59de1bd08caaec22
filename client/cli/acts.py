"""`rogatory request …`: what the two authorities decide and do about a request that was sent."""

from __future__ import annotations

from typing import Annotated

import typer

from client.cli.deeds import (
    DUAL,
    NECESSITY,
    Assessment,
    Case,
    Codes,
    Day,
    Measures,
    Note,
    Purpose,
    Reasons,
    Recipient,
    about,
    decide,
    do,
    found_that,
    opened_for,
    seconds,
)
from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.cli.words import indented
from client.sdk import acts, requests
from client.sdk.session import connect
from shared.protocol.canonical import Json


def review(
    context: typer.Context,
    request_id: RequestId,
    *,
    reviewer: Annotated[str, typer.Option(help="Who looks at it; stays in your country.")],
) -> None:
    """Begin to review a request that was acknowledged."""
    do(context, request_id, "review", reviewer=reviewer)


def accept(
    context: typer.Context,
    request_id: RequestId,
    *,
    measure: Measures = None,
    assessment: Assessment = None,
    dual_criminality: Annotated[
        str | None, typer.Option(help="Why the conduct is an offence here, too (G05).")
    ] = None,
    note: Note = "",
) -> None:
    """Accept a request, or some of its measures; what you found is about these alone."""
    said: dict[str, Json] = {"role": "RD-CA", "verdict": "pass", **about(measure)}
    for gate, text in ((NECESSITY, assessment), (DUAL, dual_criminality)):
        if text is not None:
            found_that(context, request_id, gate=gate, text=text, **said)
    decide(context, request_id, "accept", measure, {"note": note})


def refuse(
    context: typer.Context,
    request_id: RequestId,
    *,
    code: Codes,
    reasons: Reasons,
    measure: Measures = None,
) -> None:
    """Refuse a request or measures of it, after consultation (`propose`)."""
    decide(context, request_id, "refuse", measure, {"codes": list(code), "reasons": reasons})


def postpone(  # noqa: PLR0913 - what a postponement says
    context: typer.Context,
    request_id: RequestId,
    *,
    code: Codes,
    reasons: Reasons,
    expected: Annotated[str, typer.Option(help="How long it is expected to last.")],
    review: Day,
    measure: Measures = None,
) -> None:
    """Put execution off, with a day on which it is looked at again."""
    said: dict[str, Json] = {"codes": list(code), "reasons": reasons}
    said |= {"expected": expected, "review": seconds(review)}
    decide(context, request_id, "postpone", measure, said)


def resume(
    context: typer.Context, request_id: RequestId, *, measure: Measures = None, note: Note = ""
) -> None:
    """Go on: the ground to postpone has ceased."""
    do(context, request_id, "resume", measure, note=note)


def execute(  # noqa: PLR0913 - the parts of an order
    context: typer.Context,
    request_id: RequestId,
    *,
    order: Annotated[str | None, typer.Option(help="Its number, for coercive measures.")] = None,
    kind: Annotated[str, typer.Option(help="What kind of order.")] = "order",
    court: Annotated[str, typer.Option(help="Which court.")] = "",
    date: Annotated[str, typer.Option(help="YYYY-MM-DD.")] = "",
    measure: Measures = None,
    note: Note = "",
) -> None:
    """Begin to execute what was accepted."""
    parts: dict[str, Json] = {"type": kind, "number": order, "court": court, "date": date}
    said: dict[str, Json] = {} if order is None else {"order": parts}
    do(context, request_id, "execute", measure, **said, note=note)


def fulfil(
    context: typer.Context, request_id: RequestId, *, measure: Measures = None, note: Note = ""
) -> None:
    """Say that the last package of these measures has left."""
    do(context, request_id, "fulfil", measure, note=note)


def close(context: typer.Context, request_id: RequestId, *, note: Note = "") -> None:
    """Close a case in which everything is verified."""
    do(context, request_id, "close", note=note)


def withdraw(
    context: typer.Context,
    request_id: RequestId,
    *,
    code: Codes,
    reasons: Reasons,
    data: Annotated[
        str, typer.Option(help="With what was sent already: none, delete, restrict or keep.")
    ] = "none",
) -> None:
    """Give a request up."""
    said: dict[str, Json] = {"codes": list(code), "reasons": reasons, "data": data}
    decide(context, request_id, "withdraw", None, said)


def finding(  # noqa: PLR0913 - the parts of a finding
    context: typer.Context,
    request_id: RequestId,
    *,
    gate: Annotated[str, typer.Option(help="Its number, as G05.")],
    role: Annotated[str, typer.Option(help="In which role you speak, as RD-CA.")],
    text: Annotated[str, typer.Option(help="What you found, in your own words.")],
    verdict: Annotated[str, typer.Option(help="pass, fail, override; at G06 concern.")] = "pass",
    measure: Measures = None,
    case: Case = None,
    recipient: Recipient = None,
    purpose: Purpose = None,
) -> None:
    """Answer for a gate that needs a person."""
    said: dict[str, Json] = {"gate": gate, "role": role, "verdict": verdict, "text": text}
    said |= about(measure) | opened_for(case=case, recipient=recipient, purpose=purpose)
    found_that(context, request_id, **said)
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    told = acts.findings(session, requests.find(session, request_id))
    terminal.answer(told, [indented(dict(told))])


def register(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    for command in (review, accept, refuse, postpone, resume, execute, fulfil, close, withdraw):
        app.command(command.__name__)(command)
    app.command("finding")(finding)
