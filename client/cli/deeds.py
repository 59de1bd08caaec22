"""What the commands of acts share: options, and how an act, a decision, a finding is handed in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from client.cli.terminal import terminal_of
from client.cli.words import request_line
from client.errors import UsageError
from client.sdk import acts, requests
from client.sdk.approving import load_officer
from client.sdk.session import connect
from shared.protocol import approvals
from shared.protocol.canonical import Json

Measures = Annotated[
    list[str] | None, typer.Option("--measure", help="Only this one; may be repeated.")
]
Note = Annotated[str, typer.Option(help="To the other authority.")]
Codes = Annotated[list[str], typer.Option("--code", help="Of the list; may be repeated.")]
Reasons = Annotated[str, typer.Option(help="Why, in words.")]
_TERM = re.compile(
    r"(?P<code>[A-Z0-9-]+)(?::(?P<name>[a-z]+)=(?P<value>[^=]*))?=(?P<words>.+)", re.DOTALL
)
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD.")]
Assessment = Annotated[
    str | None, typer.Option(help="Your own assessment of necessity and proportionality (G04).")
]
Case = Annotated[str | None, typer.Option(help="Of an override at G18: the one other case.")]
Recipient = Annotated[
    str | None, typer.Option("--to", help="Of an override at G17: the one country that gets it.")
]
Purpose = Annotated[str | None, typer.Option(help="Of an override at G17: what for alone.")]
NECESSITY: Final = "G04"
DUAL: Final = "G05"


def found_that(context: typer.Context, request_id: str, **said: Json) -> None:
    """Hand in a finding (gate, role, verdict, text), signed by the profile's officer."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    officer, found = load_officer(terminal.profile()), requests.find(session, request_id)
    acts.find(session, found, said, officer=officer, clock=terminal.clock)


def about(measures: list[str] | None) -> dict[str, Json]:
    """Return the measures that a finding names; without them it is about all."""
    return {"items": [*measures]} if measures else {}


def opened_for(**named: str | None) -> dict[str, Json]:
    """Return the one use that an override opens evidence for, as far as it was named."""
    return {name: value for name, value in named.items() if value}


def do(
    context: typer.Context,
    request_id: str,
    name: str,
    measures: list[str] | None = None,
    **said: Json,
) -> None:
    """Do an act that needs no signature, and show the request."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    done = acts.act(session, request_id, name, _of(measures) | said)
    terminal.answer(done.wire, [request_line(done)])


def decide(
    context: typer.Context,
    request_id: str,
    name: str,
    measures: list[str] | None,
    said: dict[str, Json],
    *,
    signs: approvals.Act = approvals.REQUEST_DECIDE,
) -> None:
    """Do an act that the profile's officer signs, and show the request."""
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = connect(terminal.profile(), clock=terminal.clock)
    found = requests.find(session, request_id)
    done = acts.decide(
        session,
        found,
        name,
        _of(measures) | said,
        officer=officer,
        clock=terminal.clock,
        signs=signs,
    )
    terminal.answer(done.wire, [request_line(done)])


def _of(measures: list[str] | None) -> dict[str, Json]:
    return {"measures": list(measures)} if measures else {}


def seconds(day: datetime) -> int:
    """Return the beginning of a day, in UTC, as Unix seconds."""
    return int(day.replace(tzinfo=UTC).timestamp())


def term(text: str) -> Json:
    """Read a condition.

    Raises:
        UsageError: it is not `CODE=words`, or `CODE:name=value=words` where it needs a parameter.
    """
    found = _TERM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text}: a condition is CODE=words, as COND-01=…, or COND-05:by=2027-06-30=…",
            code="bad_condition",
        )
    said: dict[str, Json] = {"code": found["code"], "text": found["words"]}
    return said | ({"parameters": {found["name"]: found["value"]}} if found["name"] else {})
