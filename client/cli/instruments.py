"""`rogatory instrument`: what a treaty asks for, as data; and what is wrong with a profile, by line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli import pairs
from client.cli.ceremony import read_file
from client.cli.lawfiles import read_profile
from client.cli.options import Root
from client.cli.terminal import Terminal, terminal_of
from client.cli.verifying import read_root
from client.errors import UsageError
from client.federation import pairing
from client.sdk.session import connect
from shared.protocol.canonical import Json
from shared.protocol.law import library
from shared.protocol.law.instruments import packed, read_instrument
from shared.protocol.law.shapes import Deadline, Instrument

app = typer.Typer(no_args_is_help=True)
_LEVELS: Final = {"A": "any authority", "P": "prosecutor or judge", "J": "judge or court"}


@app.command("list")
def list_instruments(context: typer.Context) -> None:
    """List the instruments that come with this release."""
    found = [packed(code) for code in library.INSTRUMENTS]
    rows: list[Json] = [
        {
            "code": each.code,
            "name": each.name,
            "citation": each.citation,
            "in_force": str(each.in_force) if each.in_force else None,
            "unread": len(each.unread()),
        }
        for each in found
    ]
    lines = [f"{each.code:9} {each.citation:28} {each.name}" for each in found]
    terminal_of(context).answer({"instruments": rows}, lines)


@app.command("show")
def show(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help="BUD, EIO, …: see `list`.")],
) -> None:
    """Show what an instrument asks for, allows and bars, each with its article."""
    profile = packed(_known(code))
    told = profile.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    terminal_of(context).answer(told, _lines(profile))


@app.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A profile in TOML.")],
) -> None:
    """Check a profile that you wrote or changed; every mistake is told with its line. Exit code 2."""
    profile = read_profile(file, read_instrument)
    unread = profile.unread()
    lines = [f"{file}: {profile.name} ({profile.code}) can be used"]
    if unread:
        lines.append(f"not yet compared with the official text: {'; '.join(unread)}")
    terminal_of(context).answer({"code": profile.code, "unread": list(unread)}, lines)


@app.command("export")
def export(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help="BILATERAL, EIO, …: see `list`.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE")],
) -> None:
    """Write an instrument's profile to a file: to make one of your own of it, or to pin this version.

    A profile of a pair that names the SHA-256 (`profile = "…"`) keeps this version, whatever later
    releases say.
    """
    if output.exists():
        raise UsageError(f"{output} exists and is not overwritten", code="exists")
    text = library.instrument_text(_known(code))
    output.write_bytes(text)
    digest = hashlib.sha256(text).hexdigest()
    terminal_of(context).answer({"file": str(output), "sha256": digest}, [f"{output}: {digest}"])


@app.command("in-force")
def in_force(
    context: typer.Context,
    requesting: Annotated[str, typer.Argument(metavar="A", help="The country that asks.")],
    requested: Annotated[str, typer.Argument(metavar="B", help="The country that is asked.")],
    *,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="As 2026-11-22.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A trust bundle; default: your node's.")
    ] = None,
    root: Root = None,
) -> None:
    """Say under which instruments one country may ask another on a day, and with which values."""
    terminal = terminal_of(context)
    content = read_file(bundle) if bundle is not None else _bundle(terminal)
    named, files = pairing.in_bundle(content, read_root(terminal, root))
    pairs.tell(terminal, pairing.standings(named, files, requesting, requested), on)


def _bundle(terminal: Terminal) -> bytes:
    session = connect(terminal.profile(), clock=terminal.clock)
    return session.content(session.call("GET", "/v1/directory"))


def _lines(profile: Instrument) -> list[str]:
    since = profile.in_force or "not in force when this profile was made"
    return [
        f"{profile.name} ({profile.citation}), since {since}",
        *_parties(profile),
        "",
        "asks for:",
        *(
            f"  {code} {library.fields()[code]['title']}  [{rule.article}]"
            for code, rule in profile.field.items()
        ),
        "",
        "measures:",
        *(
            f"  {code} {library.title('measure', code)}: {_LEVELS[rule.level]}  [{rule.article}]"
            for code, rule in profile.measure.items()
        ),
        "",
        "deadlines:",
        *(f"  {each.id} {_length(each)}  [{each.article}]" for each in profile.deadline),
        "",
        "grounds to refuse:",
        *(
            f"  {code} {library.title('refusal', code)}  [{rule.article}]"
            for code, rule in profile.ground.items()
        ),
        "",
        "barred:",
        *(f"  {code} {rule.why}  [{rule.article}]" for code, rule in profile.barred.items()),
        *(f"  {rule.why}  [{rule.article}]" for rule in profile.barred_reasons.values()),
        "",
        f"a challenge suspends a transfer: {profile.challenge.suspends}  [{profile.challenge.article}]",
    ]


def _known(code: str) -> str:
    if code not in library.INSTRUMENTS:
        raise UsageError(
            f"there is no instrument {code}",
            code="no_instrument",
            next_step=f"there are: {', '.join(library.INSTRUMENTS)}",
        )
    return code


def _parties(profile: Instrument) -> list[str]:
    """Say who is party; most treaties are open, and only the two countries say it of themselves."""
    told = [
        f"{each.country} (until {each.until})" if each.until else each.country
        for each in profile.party
    ]
    return [f"between: {', '.join(told)}"] if told else []


def _length(deadline: Deadline) -> str:
    if deadline.length is None:
        return f"{deadline.act}: no number"
    plural = "s" if deadline.length > 1 else ""
    least = "at least " if deadline.least else ""
    return (
        f"{deadline.act}: {least}{deadline.length} {deadline.unit}{plural} from {deadline.starts}"
    )
