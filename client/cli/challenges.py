"""`rogatory challenge …`: a court's role records what a person objects to, and what the court decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.cli.words import indented
from client.sdk import challenges, requests
from client.sdk.acts import Said
from client.sdk.approving import load_officer
from client.sdk.session import connect
from shared.protocol.canonical import Json

app = typer.Typer(no_args_is_help=True)
Court = Annotated[str, typer.Option(help="Which court.")]
Text = Annotated[str, typer.Option(help="In words; the other country reads it, too.")]


@app.command("list")
def show(context: typer.Context, request_id: RequestId) -> None:
    """Show the challenges of a request, and which of them hold something."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    found: list[Json] = [dict(each) for each in challenges.listed(session, request_id)]
    terminal.answer({"challenges": found}, [indented(each) for each in found])


@app.command("lodge")
def lodge(  # noqa: PLR0913 - the parts of a challenge
    context: typer.Context,
    request_id: RequestId,
    *,
    who: Annotated[str, typer.Option(help="HOLDER, SUSPECT or THIRD_PARTY.")],
    court: Court,
    file: Annotated[str, typer.Option(help="The court's file number.")],
    text: Text,
    package: Annotated[list[str] | None, typer.Option(help="Against it; repeatable.")] = None,
    measure: Annotated[list[str] | None, typer.Option(help="Against it; repeatable.")] = None,
) -> None:
    """Record a person's challenge; what it holds is the profile's to say."""
    said: dict[str, Json] = {"who": who, "court": court, "file_number": file, "text": text}
    said |= {"packages": list(package)} if package else {}
    said |= {"measures": list(measure)} if measure else {}
    _record(context, request_id, challenges.lodge, said)


@app.command("decide")
def decide(
    context: typer.Context,
    request_id: RequestId,
    challenge: Annotated[str, typer.Argument(help="Its id.")],
    state: Annotated[
        str,
        typer.Argument(
            help="admitted, inadmissible, suspensive, not_suspensive, dismissed, upheld,"
            " upheld_part or withdrawn."
        ),
    ],
    *,
    text: Text,
    item: Annotated[
        list[str] | None, typer.Option(help="That an outcome in part keeps back; repeatable.")
    ] = None,
) -> None:
    """Record what the court decided."""
    said: dict[str, Json] = {"challenge_id": challenge, "state": state, "text": text}
    said |= {"items": list(item)} if item else {}
    _record(context, request_id, challenges.decide, said)


@app.command("waive")
def waive(context: typer.Context, request_id: RequestId, *, court: Court, text: Text) -> None:
    """Record that all who could appeal have waived it."""
    _record(context, request_id, challenges.waive, {"court": court, "text": text})


def _record(
    context: typer.Context, request_id: str, record: Callable[..., Said], said: Said
) -> None:
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = connect(terminal.profile(), clock=terminal.clock)
    found = requests.find(session, request_id)
    told = dict(record(session, found, said, officer=officer, clock=terminal.clock))
    terminal.answer(told, [indented(told)])
