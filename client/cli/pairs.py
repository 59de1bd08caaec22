"""`rogatory federation pair`: what two countries agree on, proposed by one and named by the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli import ceremony
from client.cli.ceremony import Country, Output, Pin, Repository, held_in, read_file
from client.cli.lawfiles import read_day, read_profile
from client.cli.terminal import Terminal, terminal_of
from client.errors import MissingError
from client.federation import describing, drafting, editing, pairing
from client.federation.pairing import Standing
from shared.protocol.canonical import Json
from shared.protocol.law.agreed import read_agreement

app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The profile of the pair, in TOML.")]
Pinned = Annotated[
    list[Path] | None,
    typer.Option("--instrument", metavar="FILE", help="An instrument that it pins; once for each."),
]
Requesting = Annotated[str, typer.Argument(metavar="A", help="The country that asks.")]
Requested = Annotated[str, typer.Argument(metavar="B", help="The country that is asked.")]
Day = Annotated[str | None, typer.Option("--on", metavar="DATE", help="As 2026-11-22.")]


@app.command()
def check(context: typer.Context, file: File, *, instrument: Pinned = None) -> None:
    """Check a profile; every mistake is told with its line (exit code 2), and what to look at again."""
    terminal = terminal_of(context)
    pins = [read_file(each) for each in instrument or ()]
    name, files = read_profile(file, lambda content: pairing.name_of(content, pins))
    agreement = read_agreement(name, files)
    found = list(describing.remarks(agreement.pair, agreement.pinned, terminal.clock().date()))
    lines = [f"{file}: {describing.title(name)} can be used", *(f"  {each}" for each in found)]
    terminal.answer({"sha256": name.sha256, "remarks": [*found]}, lines)


@app.command()
def propose(  # noqa: PLR0913 - what a country agrees to
    context: typer.Context,
    repository: Repository,
    country: Country,
    file: File,
    *,
    instrument: Pinned = None,
    only: Annotated[
        bool, typer.Option("--only", help="Name no other profile of this pair any more.")
    ] = False,
    output: Output,
    root: Pin = None,
) -> None:
    """Draft a document of CC that names a profile; it is agreed when the other country names it, too.

    Those that are named stay, so that nothing ends before the new one begins.
    """
    terminal, held = terminal_of(context), held_in(repository, root)
    pins = [read_file(each) for each in instrument or ()]
    name, files = read_profile(file, lambda content: pairing.name_of(content, pins))
    member = pairing.with_name(editing.current(held, country), name, only=only)
    draft = drafting.revise(held, member, ceremony.now(terminal), files)
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def withdraw(  # noqa: PLR0913 - what a country takes back
    context: typer.Context,
    repository: Repository,
    country: Country,
    requesting: Requesting,
    requested: Requested,
    *,
    sha256: Annotated[str, typer.Option(metavar="HEX", help="How its digest begins.")] = "",
    output: Output,
    root: Pin = None,
) -> None:
    """Draft a document of CC that names a profile no more; for that, nobody else is asked."""
    terminal, held = terminal_of(context), held_in(repository, root)
    member = pairing.without(editing.current(held, country), requesting, requested, sha256)
    draft = drafting.revise(held, member, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def show(
    context: typer.Context,
    repository: Repository,
    requesting: Requesting,
    requested: Requested,
    *,
    on: Day = None,
    root: Pin = None,
) -> None:
    """Show which profiles of a pair are named, by whom, and what counts on a day."""
    held = held_in(repository, root)
    found = pairing.standings(pairing.held_names(held), held.files, requesting, requested)
    tell(terminal_of(context), found, on)


def tell(terminal: Terminal, found: list[Standing], on: str | None) -> None:
    """Say how the profiles of a pair stand; MissingError if nobody names one."""
    day = read_day(on, terminal.clock().date())
    if not found:
        raise MissingError(
            "neither country names a profile of the two",
            code="no_pair",
            next_step="rogatory federation pair propose REPOSITORY CC FILE",
        )
    chosen = pairing.counting(found, day)
    lines: list[str] = []
    told: list[Json] = []
    for each in found:
        lines.append(describing.standing(each, day, chosen=each is chosen))
        told.append(describing.told(each, day, chosen=each is chosen))
        if each is chosen and each.agreement is not None:
            lines += describing.terms(each.agreement, day)
    terminal.answer({"on": day.isoformat(), "profiles": told}, lines)
