"""`rogatory package gates|finding|filter`, `rogatory request gates`: what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

from client.cli.deeds import Case, Purpose, Recipient, opened_for
from client.cli.options import PackageId, RequestId
from client.cli.terminal import Terminal, terminal_of
from client.errors import UsageError
from client.sdk import acts, packages
from client.sdk.approving import load_officer
from client.sdk.records import as_list, as_object
from client.sdk.session import connect
from shared.protocol.canonical import Json

Items = Annotated[list[str] | None, typer.Option("--item", help="Item id; may be repeated.")]


def gates_of_request(context: typer.Context, request_id: RequestId) -> None:
    """Show how the gates of the next step stand, and what to do about those that are shut."""
    _show(context, f"/v1/requests/{request_id}/gates")


def gates_of_package(context: typer.Context, package_id: PackageId) -> None:
    """Show how the gates of the next step stand, and what to do about those that are shut."""
    _show(context, f"/v1/packages/{package_id}/gates")


def finding(  # noqa: PLR0913 - the parts of a finding
    context: typer.Context,
    package_id: PackageId,
    *,
    gate: Annotated[str, typer.Option(help="Its number, as G09.")],
    role: Annotated[str, typer.Option(help="In which role you speak, as RD-DPO.")],
    text: Annotated[str, typer.Option(help="What you found, in your own words.")],
    verdict: Annotated[str, typer.Option(help="pass, fail or override.")] = "pass",
    item: Items = None,
    case: Case = None,
    recipient: Recipient = None,
    purpose: Purpose = None,
) -> None:
    """Answer for a gate of a closed package that needs a person."""
    terminal = terminal_of(context)
    said: dict[str, Json] = {"gate": gate, "role": role, "verdict": verdict, "text": text}
    if item:
        said["items"] = list(item)
    said |= opened_for(case=case, recipient=recipient, purpose=purpose)
    session = connect(terminal.profile(), clock=terminal.clock)
    found = packages.find(session, package_id)
    officer = load_officer(terminal.profile())
    told = acts.find(session, found, said, officer=officer, clock=terminal.clock)
    _findings(terminal, told)


def filter_items(
    context: typer.Context,
    package_id: PackageId,
    *,
    privileged: Annotated[
        list[str] | None, typer.Option(help="Item that is privileged; may be repeated.")
    ] = None,
    waived: Annotated[
        list[str] | None, typer.Option(help="Item whose privilege was waived; may be repeated.")
    ] = None,
) -> None:
    """Say, as the filter team, that all items are clean but those that you name."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    found = packages.find(session, package_id)
    known = [each.item_id for each in packages.items(session, package_id)]
    verdicts = dict.fromkeys(known, "clean")
    for verdict, named in (("privileged", privileged), ("waived", waived)):
        verdicts |= dict.fromkeys(named or [], verdict)
    unknown = sorted(set(verdicts) - set(known))
    if unknown:
        raise UsageError(f"not of this package: {', '.join(unknown)}", code="unknown_item")
    officer = load_officer(terminal.profile())
    told = acts.filtered(session, found, verdicts, officer=officer, clock=terminal.clock)
    _findings(terminal, told)


def _show(context: typer.Context, path: str) -> None:
    terminal = terminal_of(context)
    told = connect(terminal.profile(), clock=terminal.clock).get(path)
    gates = [as_object(each) for each in as_list(told.get("gates"))]
    terminal.answer(told, [f"gates of: {told.get('moment')}", *_lines(gates)])


def _lines(gates: Iterable[Mapping[str, Json]]) -> Iterable[str]:
    for gate in gates:
        line = f"{gate['gate']}  {gate['state']:<5}  {gate['title']}"
        if gate["state"] == "open":
            yield line + (f" ({gate['note']})" if gate["note"] else "")
        else:
            todo = gate["next"] or f"needed: {gate['role']}"
            yield f"{line}: {gate['detail']}\n            {todo}"


def _findings(terminal: Terminal, told: Mapping[str, Json]) -> None:
    found = [as_object(each) for each in as_list(told.get("findings"))]
    seen = [as_object(each) for each in as_list(told.get("filtered"))]
    lines = [
        f"{each['gate']}  {each['verdict']}  {each['role']}, {each['officer']}" for each in found
    ]
    lines += [f"{each['item_id']}  {each['verdict']}  {each['officer']}" for each in seen]
    terminal.answer(told, lines)


def register_packages(app: typer.Typer) -> None:
    """Add these commands to `rogatory package`."""
    app.command("gates")(gates_of_package)
    app.command("finding")(finding)
    app.command("filter")(filter_items)


def register_requests(app: typer.Typer) -> None:
    """Add these commands to `rogatory request`."""
    app.command("gates")(gates_of_request)
