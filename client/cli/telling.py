"""`rogatory request notify|costs`: what is told to the person concerned, and what a request has cost."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.cli.words import indented
from client.errors import UsageError
from client.sdk import telling
from client.sdk.session import connect
from shared.protocol.canonical import Json


def notify(
    context: typer.Context,
    request_id: RequestId,
    *,
    remedies: Annotated[
        bool, typer.Option("--remedies", help="They were told how to object, too.")
    ] = False,
    ground: Annotated[str | None, typer.Option(help="Not yet: on which legal ground.")] = None,
    review: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Not yet: look again on that day.")
    ] = None,
) -> None:
    """Record that the person concerned was told, or (--ground, --review) is told later."""
    if (ground is None) != (review is None):
        raise UsageError("a deferral needs --ground and --review", code="bad_deferral")
    terminal = terminal_of(context)
    said: dict[str, Json] = {"state": "sent", "remedies": remedies}
    if review is not None:
        said = {"state": "deferred", "ground": ground, "review": f"{review:%Y-%m-%d}"}
    told = dict(telling.notify(connect(terminal.profile(), clock=terminal.clock), request_id, said))
    terminal.answer(told, [indented(told)])


def costs(
    context: typer.Context,
    request_id: RequestId,
    amount: Annotated[int, typer.Argument(min=0, help="In whole units of the currency.")],
    currency: Annotated[str, typer.Argument(help="ISO 4217, as EUR.")],
    *,
    text: Annotated[str, typer.Option(help="For what, in words.")],
    paid: Annotated[bool, typer.Option("--paid", help="It was paid back (requesting).")] = False,
) -> None:
    """Tell the other country what a request has cost, or that it was paid back."""
    terminal = terminal_of(context)
    state = "reimbursed" if paid else "claimed"
    said: dict[str, Json] = {"state": state, "amount": amount, "currency": currency, "text": text}
    telling.costs(connect(terminal.profile(), clock=terminal.clock), request_id, said)
    terminal.answer({"request_id": request_id, **said}, [f"{amount} {currency} {state}"])


def register(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    app.command("notify")(notify)
    app.command("costs")(costs)
