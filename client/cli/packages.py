"""`rogatory package …`: collect, close, clear, release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli import custody as keeping
from client.cli import safeguards, uses
from client.cli.answering import answering
from client.cli.options import PackageId, RequestId, Wait
from client.cli.progress import bar
from client.cli.terminal import Terminal, terminal_of
from client.cli.waiting import wait_for
from client.cli.words import package_line, package_lines
from client.errors import StateError, UnavailableError
from client.sdk import packages, requests
from client.sdk.approving import load_officer
from client.sdk.records import Package
from client.sdk.session import Session, connect
from client.sdk.sources import find_sources
from client.sdk.upload import Added, add_files
from shared.protocol.canonical import Json

CLOSING: Final = "CLOSING"
COLLECTED: Final = "COLLECTED"
ON_ITS_WAY: Final = frozenset({"CLEARED", "SEALED", "RELEASED"})
EXECUTED: Final = frozenset({"S14", "S15"})
DAY: Final = 86_400  # seconds; reading back a large package takes hours, and Ctrl-C stops nothing

app = typer.Typer(no_args_is_help=True)


def new(
    context: typer.Context,
    request_id: RequestId,
    *,
    title: Annotated[str, typer.Option(help="For you and your colleagues; it is not sent.")],
    measure: Annotated[
        list[str] | None, typer.Option(help="What it answers; default: all in execution.")
    ] = None,
) -> None:
    """Open a package that answers a request."""
    terminal = terminal_of(context)
    session = _session(terminal)
    measures = measure or _accepted(session, request_id)
    opened = packages.open_package(session, request_id=request_id, measures=measures, title=title)
    _tell(terminal, opened)


def add(  # noqa: PLR0913  what is said of the files
    context: typer.Context,
    package_id: PackageId,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…")] = None,
    *,
    recursive: Annotated[bool, typer.Option("-r", "--recursive", help="Folders too.")] = False,
    case: Annotated[Path | None, typer.Option(help="Your own CASE/UCO graph (JSON-LD).")] = None,
    answers: Annotated[
        Path | None, typer.Option(help="What they answer (TOML or JSON): measure, category, …")
    ] = None,
    custody: Annotated[
        Path | None, typer.Option(help="What was done before (TOML or JSON): acts, derived_from.")
    ] = None,
) -> None:
    """Add files; run again after a break, and only what is missing is sent."""
    terminal = terminal_of(context)
    sources = answering(find_sources(files or [], recursive=recursive), answers)
    sources = answering(sources, custody, "custody")
    graph = case.read_bytes() if case else None
    session = _session(terminal)
    package = packages.find(session, package_id)
    total = sum(source.path.stat().st_size for source in sources)
    with bar(terminal, "sent", total) as sent:
        added = add_files(
            session, package, sources, clock=terminal.clock, hashed=_ignore, sent=sent
        )
    if graph is not None:
        packages.add_case(session, package_id, graph)
    found = packages.find(session, package_id)
    told = _added(added)
    lines = [f"{each['sha256']}  {each['path']}  {each['size']} bytes" for each in told]
    rows: list[Json] = [dict(each) for each in told]
    terminal.answer({**found.wire, "added": rows}, [*lines, package_line(found)])


def close(context: typer.Context, package_id: PackageId) -> None:
    """Freeze a package, wait while the node reads all of it back, and sign it as prepared."""
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = _session(terminal)
    found = packages.find(session, package_id)
    if found.state not in {CLOSING, COLLECTED}:
        found = packages.close(session, package_id)
    found = _read_back(terminal, session, found)
    if found.state != COLLECTED:
        raise StateError(
            found.problem or f"package {package_id} is {found.state} and not closed",
            code="not_closed",
            next_step="`rogatory package status` tells more; mend it and close again",
        )
    terminal.say(f"preparing segment index SHA-384 {found.digest} as {officer.name}")
    _tell(terminal, packages.prepare(session, found, officer=officer, clock=terminal.clock))


def clear(context: typer.Context, package_id: PackageId) -> None:
    """Clear a prepared package as the second officer, by the digest shown."""
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = _session(terminal)
    found = packages.find(session, package_id)
    terminal.say(f"clearing segment index SHA-384 {found.digest} as {officer.name}")
    _tell(terminal, packages.clear(session, found, officer=officer, clock=terminal.clock))


def release(context: typer.Context, package_id: PackageId, *, wait: Wait = 60) -> None:
    """Release a cleared package, and wait until the other country has taken it in."""
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = _session(terminal)
    cleared = packages.find(session, package_id)
    terminal.say(f"releasing segment index SHA-384 {cleared.digest} as {officer.name}")
    released = packages.release(session, cleared, officer=officer, clock=terminal.clock)
    found = wait_for(
        released,
        read=lambda: packages.find(session, package_id),
        done=lambda seen: seen.state not in ON_ITS_WAY,
        seconds=wait,
        terminal=terminal,
    )
    _tell(terminal, found)


def status(
    context: typer.Context,
    package_id: PackageId,
    *,
    until: Annotated[str | None, typer.Option(help="Wait for this state.")] = None,
    wait: Wait = 60,
) -> None:
    """Show a package: where it stands, who did what, and what it waits for."""
    terminal = terminal_of(context)
    session = _session(terminal)
    found = packages.find(session, package_id)
    if until:
        found = wait_for(
            found,
            read=lambda: packages.find(session, package_id),
            done=lambda seen: seen.state == until,
            seconds=wait,
            terminal=terminal,
        )
        if found.state != until:
            raise UnavailableError(
                f"package {package_id} is {found.state} and not {until} after {wait} s",
                code="not_yet",
                next_step=found.waiting_for,
            )
    terminal.answer(found.wire, package_lines(found))


def list_all(
    context: typer.Context,
    *,
    direction: Annotated[str | None, typer.Option(help="out (yours) or in.")] = None,
    state: Annotated[str | None, typer.Option(help="COLLECTING to IN_USE.")] = None,
) -> None:
    """List packages."""
    terminal = terminal_of(context)
    found = packages.find_all(_session(terminal), direction=direction, state=state)
    rows: list[Json] = [dict(each.wire) for each in found]
    terminal.answer({"packages": rows}, map(package_line, found))


app.command("new")(new)
app.command("add")(add)
app.command("close")(close)
app.command("clear")(clear)
app.command("release")(release)
app.command("status")(status)
app.command("list")(list_all)
app.command("custody")(keeping.custody)
app.command("remove")(keeping.remove)
safeguards.register_packages(app)
uses.register_packages(app)


def _session(terminal: Terminal) -> Session:
    return connect(terminal.profile(), clock=terminal.clock)


def _accepted(session: Session, request_id: str) -> list[str]:
    found = requests.find(session, request_id)
    accepted = [each.measure_id for each in found.measures if each.state in EXECUTED]
    if not accepted:
        raise StateError(
            f"request {request_id} has no measure in execution",
            code="nothing_accepted",
            next_step=f"accept it, then: rogatory request execute {request_id}",
        )
    return accepted


def _read_back(terminal: Terminal, session: Session, package: Package) -> Package:
    """Wait while the node recomputes every digest; show how far it has got."""
    done = 0
    with bar(terminal, "read back", package.size) as advance:

        def watch(seen: Package) -> None:
            nonlocal done
            if seen.progress is not None and seen.progress.done > done:
                advance(seen.progress.done - done)
                done = seen.progress.done

        return wait_for(
            package,
            read=lambda: packages.find(session, package.package_id),
            done=lambda seen: seen.state != CLOSING,
            seconds=DAY,
            terminal=terminal,
            watch=watch,
        )


def _added(added: list[Added]) -> list[dict[str, str | int]]:
    return [
        {
            "item_id": each.item.item_id,
            "path": each.item.path,
            "original_name": each.item.original_name,
            "size": each.item.size,
            "sha256": each.item.sha256,
            "segments_sent": each.sent,
        }
        for each in added
    ]


def _ignore(_: int) -> None:
    """Hashing runs ahead of sending; the bar shows what the node has."""


def _tell(terminal: Terminal, package: Package) -> None:
    terminal.answer(package.wire, [package_line(package)])
