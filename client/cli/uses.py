"""`rogatory request conditions …`, `rogatory package use …`: what binds evidence, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import typer

from client.cli.deeds import seconds
from client.cli.options import PackageId, RequestId
from client.cli.terminal import terminal_of
from client.cli.words import package_line, request_line
from client.sdk import packages, uses
from client.sdk.approving import load_officer
from client.sdk.records import Package, Request, as_list, as_object
from client.sdk.session import Session, connect
from shared.protocol.canonical import Json

Text = Annotated[str, typer.Option(help="In your own words.")]
Codes = Annotated[list[str], typer.Option("--code", help="Of a condition; may be repeated.")]
MaybeCodes = Annotated[
    list[str] | None, typer.Option("--code", help="Of a breach that this accounts for.")
]
Recipient = Annotated[str, typer.Option("--to", help="The third State, as QP.")]
Purpose = Annotated[str, typer.Option(help="For what: proceedings with their number.")]
Items = Annotated[list[str] | None, typer.Option("--item", help="Item id. Default: all.")]


def conditions(context: typer.Context, request_id: RequestId) -> None:
    """Show the conditions of a request, word for word, and where each stands."""
    terminal = terminal_of(context)
    told = uses.conditions(connect(terminal.profile(), clock=terminal.clock), request_id)
    terminal.answer(told, _sets(as_object(each) for each in as_list(told.get("sets"))))


def ask_report(context: typer.Context, request_id: RequestId, *, text: Text) -> None:
    """Ask what became of the evidence that was sent."""
    _show_request(context, uses.ask_report(_session(context), request_id, text))


def report(
    context: typer.Context, request_id: RequestId, *, text: Text, code: MaybeCodes = None
) -> None:
    """Tell the country that sent the evidence what became of it."""
    _show_request(context, uses.report(_session(context), request_id, text, tuple(code or ())))


def breach(context: typer.Context, request_id: RequestId, *, code: Codes, text: Text) -> None:
    """Note, in both countries, that conditions were breached."""
    _show_request(context, uses.breach(_session(context), request_id, text, tuple(code)))


def use(context: typer.Context, package_id: PackageId) -> None:
    """Show how a package may be used, until when, and how it ended."""
    terminal = terminal_of(context)
    told = uses.use(connect(terminal.profile(), clock=terminal.clock), package_id)
    terminal.answer(told, _lines(told))


def onward(
    context: typer.Context,
    package_id: PackageId,
    *,
    to: Recipient,
    purpose: Purpose,
    text: Text,
    item: Items = None,
) -> None:
    """Ask the country that sent a package whether it may go on to a third State."""
    said: dict[str, Json] = {"recipient": to, "purpose": purpose, "text": text}
    asked = said | {"items": list(item or [])}
    _show_package(context, uses.ask_onward(_session(context), package_id, asked))


def consent(
    context: typer.Context,
    package_id: PackageId,
    onward_id: Annotated[str, typer.Argument(help="As `package use` shows it.")],
    *,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it.")] = False,
    until: Annotated[
        datetime | None, typer.Option(help="The first day on which it ends.", formats=["%Y-%m-%d"])
    ] = None,
    text: Text = "",
) -> None:
    """Consent, with your signature, to evidence going on; or refuse."""
    said: dict[str, Json] = {"onward_id": onward_id, "verdict": "refuse" if refuse else "consent"}
    said |= {"until": seconds(until)} if until else {}
    _decide(context, package_id, "onward-consent", said | ({"text": text} if text else {}))


def hand_on(  # noqa: PLR0913 - what is handed on
    context: typer.Context,
    package_id: PackageId,
    *,
    to: Recipient,
    purpose: Purpose,
    item: Items = None,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="A threat to public security leaves no time to ask.")
    ] = False,
    text: Text = "",
) -> None:
    """Hand evidence on to a third State; without its sender's consent nothing goes."""
    said: dict[str, Json] = {"recipient": to, "purpose": purpose, "urgent": urgent}
    wanted = said | {"items": list(item or []), "text": text}
    _show_package(context, uses.export(_session(context), package_id, wanted))


def hold(
    context: typer.Context,
    package_id: PackageId,
    *,
    text: Text,
    lift: Annotated[bool, typer.Option("--lift", help="End the hold.")] = False,
) -> None:
    """Keep evidence from being destroyed; or end that."""
    _decide(context, package_id, "legal-hold", {"hold": not lift, "text": text})


def keep(
    context: typer.Context,
    package_id: PackageId,
    *,
    until: Annotated[str, typer.Option(help="The last day, as 2028-11-30.")],
    text: Text,
) -> None:
    """Find, with your signature, that evidence is still needed."""
    _decide(context, package_id, "review-retention", {"until": until, "text": text})


def destroy(
    context: typer.Context,
    package_id: PackageId,
    *,
    reason: Annotated[
        str, typer.Option(help="retention_over, not_needed, condition, order or unlawful.")
    ],
    text: Text,
) -> None:
    """Destroy evidence that was received, for good; both countries sign for it."""
    _decide(context, package_id, "destroy", {"reason": reason, "text": text})


def give_back(context: typer.Context, package_id: PackageId, *, text: Text) -> None:
    """Return what was received, and keep no copy."""
    _decide(context, package_id, "give-back", {"text": text})


def ask_deletion(
    context: typer.Context,
    package_id: PackageId,
    *,
    measure: Annotated[str, typer.Option(help="delete, restrict or lift.")],
    text: Text,
) -> None:
    """Ask whoever received a package to delete or restrict it."""
    asked = uses.ask_deletion(_session(context), package_id, measure=measure, text=text)
    _show_package(context, asked)


def _session(context: typer.Context) -> Session:
    terminal = terminal_of(context)
    return connect(terminal.profile(), clock=terminal.clock)


def _decide(context: typer.Context, package_id: str, what: str, said: Mapping[str, Json]) -> None:
    terminal, session = terminal_of(context), _session(context)
    officer, package = load_officer(terminal.profile()), packages.find(session, package_id)
    done = uses.decide(session, package, what, said, officer=officer, clock=terminal.clock)
    _show_package(context, done)


def _show_request(context: typer.Context, found: Request) -> None:
    terminal_of(context).answer(found.wire, [request_line(found)])


def _show_package(context: typer.Context, found: Package) -> None:
    terminal_of(context).answer(found.wire, [package_line(found)])


def _sets(found: Iterable[Mapping[str, Json]]) -> Iterable[str]:
    for each in found:
        measures = ", ".join(str(one) for one in as_list(each["measures"]))
        yield f"{each['set_id']}  {each['state']}  {measures}  {each['text']}"
        for one in map(as_object, as_list(each["terms"])):
            term = as_object(one["term"])
            yield f"    {term['code']}  {one['state']:<8}  {term['text']}"


def _lines(told: Mapping[str, Json]) -> Iterable[str]:
    for term in map(as_object, as_list(told["terms"])):
        yield f"{term['code']}  {term['text']}"
    for name, said in _SAID.items():
        if told[name] is not None:
            yield f"{said} {told[name]}"
    for each in map(as_object, as_list(told["onward"])):
        yield f"{each['onward_id']}  {each['state']}  to {each['recipient']}: {each['purpose']}"


_SAID = {
    "retain_until": "kept until",
    "restricted": "not to be used:",
    "ordered": "to be deleted:",
    "hold": "under legal hold:",
    "destroyed_at": "destroyed at",
    "certificate": "certificate",
    "countersigned": "countersigned by",
}


def register_requests(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    app.command("conditions")(conditions)
    app.command("ask-report")(ask_report)
    app.command("report")(report)
    app.command("breach")(breach)


def register_packages(app: typer.Typer) -> None:
    """Add these commands to `rogatory package`."""
    app.command("use")(use)
    app.command("onward")(onward)
    app.command("consent")(consent)
    app.command("hand-on")(hand_on)
    app.command("hold")(hold)
    app.command("keep")(keep)
    app.command("destroy")(destroy)
    app.command("give-back")(give_back)
    app.command("ask-deletion")(ask_deletion)
