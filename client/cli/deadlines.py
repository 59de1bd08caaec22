"""`rogatory deadlines` and `rogatory request deadlines`: what is due, and why on that day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from client.cli.options import RequestId
from client.cli.terminal import terminal_of
from client.sdk import clocks
from client.sdk.clocks import Clock
from client.sdk.session import connect
from shared.protocol.canonical import Json
from shared.protocol.law.clocks import Step, runs

_STATES: Final = {
    "RUNNING": "by {}",
    "PAUSED": "stands still",
    "MET": "done in time (by {})",
    "MISSED": "NOT DONE by {}",
    "LATE": "done late (by {})",
    "ELAPSED": "ran out at the end of {}",
    "OVER": "no longer due",
}
_NO_NUMBER: Final = "as soon as possible: the rule has no number"


def of_request(context: typer.Context, request_id: RequestId) -> None:
    """Show the deadlines of a request: by when, by which article, and each day explained."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    found = clocks.of_request(session, request_id)
    lines = [line for each in found for line in (_line(each), *_explained(each))]
    terminal.answer({"clocks": _wire(found)}, lines or ["no deadline runs yet"])


def listed(
    context: typer.Context,
    *,
    before: Annotated[
        datetime | None,
        typer.Option(help="Only what is due before this day (UTC).", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """List what is due and not done, the most urgent first."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    moment = before.replace(tzinfo=UTC) if before is not None else None
    found = clocks.due(session, before=moment)
    lines = [f"{each.request_id}  {_line(each)}" for each in found]
    terminal.answer({"clocks": _wire(found)}, lines or ["nothing is due"])


def extend(
    context: typer.Context,
    request_id: RequestId,
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="See `request deadlines`.")],
    *,
    length: Annotated[int, typer.Option(help="How much more, in the unit of the rule.", min=1)],
    reasons: Annotated[str, typer.Option(help="Why; the other authority reads it.")],
    estimate: Annotated[
        datetime, typer.Option(help="When you expect it to be done.", formats=["%Y-%m-%d"])
    ],
) -> None:
    """Give a deadline of yours more time, before it ends, and tell the other authority why."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    day = f"{estimate:%Y-%m-%d}"
    found = clocks.extend(session, request_id, clock, length=length, reasons=reasons, estimate=day)
    terminal.answer(found.wire, [_line(found)])


def register(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    app.command("deadlines")(of_request)
    app.command("extend")(extend)


def _wire(found: Sequence[Clock]) -> list[Json]:
    return [dict(each.wire) for each in found]


def _line(clock: Clock) -> str:
    when = _STATES.get(clock.state, clock.state).format(clock.last_day)
    if clock.last_day is None and clock.state == "RUNNING":
        when = _NO_NUMBER
    whose = "you" if clock.ours else "the other authority"
    about = "" if clock.subject == "request" else f" {clock.subject}"
    return f"{clock.clock_id}  {whose}: {clock.what}{about}: {when}  [{clock.source}]"


def _explained(clock: Clock) -> Iterator[str]:
    """Say from when it runs, in which place, and of each day whether it counts and why."""
    zone = _zone(clock.place)
    began = datetime.fromisoformat(clock.started_at).astimezone(zone)
    yield f"    {began:%a %Y-%m-%d %H:%M}  {clock.starts} ({clock.place})"
    for first, last in runs(clock.steps):
        yield f"    {_span(first, last, zone)}  {_why(first, last)}"


def _zone(place: str) -> tzinfo:
    """Return the zone of a place ("Europe/Paris; FR (…)"); UTC on a machine that has no such list."""
    try:
        return ZoneInfo(place.partition(";")[0].partition(":")[0])
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _span(first: Step, last: Step, zone: tzinfo) -> str:
    since, until = first.since.astimezone(zone), last.since.astimezone(zone)
    if first.number is None and first.counted:
        until = last.until.astimezone(zone)
        return f"{since:%a %Y-%m-%d %H:%M} to {until:%a %Y-%m-%d %H:%M}"
    if since == until:
        return f"{since:%a %Y-%m-%d}"
    return f"{since:%a %Y-%m-%d} to {until:%a %Y-%m-%d}"


def _why(first: Step, last: Step) -> str:
    if not first.counted:
        return f"not counted: {first.why}"
    return first.why if first is last else f"{first.why} to {last.why}"


COMMANDS: Final = {"deadlines": listed}
