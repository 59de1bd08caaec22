"""`rogatory audit report`, `ask` and `misuse`: what mirrored logs tell in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Root, Zone, read_zone
from client.cli.terminal import Terminal, terminal_of
from client.cli.verifying import read_root
from client.errors import UsageError
from client.oversight.counting.lists import is_told, lists
from client.oversight.counting.misuse import detect
from client.oversight.counting.people import People, read_people
from client.oversight.counting.questions.answering import answer
from client.oversight.counting.questions.asking import Asked
from client.oversight.counting.reading import Counted, read_logs
from client.oversight.counting.regenerating import prove_report
from client.oversight.counting.rendering import files
from client.oversight.counting.yearly import report as count
from client.oversight.mirror import Mirror

app = typer.Typer(invoke_without_command=True)

Mirrors = Annotated[
    list[Path] | None,
    typer.Option(
        "-d", "--mirror", metavar="DIR", help="A mirror; of several years each, the oldest first."
    ),
]
Year = Annotated[int, typer.Option(min=2000, max=9000, help="The calendar year, in UTC.")]
Opened = Annotated[
    Path | None,
    typer.Option(
        "--openings",
        metavar="FILE",
        help="openings.json of an export of the newest log: names persons.",
    ),
]


@app.callback()
def report(
    context: typer.Context,
    *,
    mirror: Mirrors = None,
    year: Annotated[
        int | None, typer.Option(min=2000, max=9000, help="The calendar year, in UTC.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where to put it.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show small numbers, too; not for publication.")
    ] = False,
    root: Root = None,
) -> None:
    """Count a year of mirrored logs: the metrics O01 to O24, as JSON, CSV, HTML and text.

    Numbers below 5 are hidden, unless --full. `report verify` makes the same octets again from the logs.
    """
    if context.invoked_subcommand is not None:
        return
    if year is None or output is None:
        raise UsageError("a report wants a --year, and with -o where to put it", code="no_year")
    terminal = terminal_of(context)
    read = _read(terminal, mirror, year, root)
    below = 0 if full else lists().policy.suppress_below
    made = files(count(read, below=below))
    output.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (output / name).write_bytes(content)
    logs = [f"{each.counted} of {each.size} entries of {each.origin}" for each in read.ranges]
    cases = len(read.docket.folders)
    terminal.answer(
        {
            "report": str(output),
            "year": year,
            "country": read.country,
            "cases": cases,
            "files": [*sorted(made)],
            "logs": [each.to_json() for each in read.ranges],
        },
        [f"{cases} cases in {', '.join(logs)}: {', '.join(sorted(made))} in {output}"],
    )


@app.command("verify")
def verify_report(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="report.json, or its folder.")],
    *,
    mirror: Mirrors = None,
    root: Root = None,
) -> None:
    """Count again what a report says, from your own mirrors; exit code 3 if anything differs."""
    terminal = terminal_of(context)
    proof = prove_report(file, _mirrors(mirror), pinned_root=read_root(terminal, root))
    verdict = (
        "NOT the numbers of these logs" if proof.differs else "these are the numbers of the logs"
    )
    what = f"{proof.country} {proof.year}: {verdict}; compared: {', '.join(proof.compared)}"
    terminal.answer(
        {
            "verified": not proof.differs,
            "compared": [*proof.compared],
            "differs": [*proof.differs],
        },
        [what, *(f"  differs: {each}" for each in proof.differs)],
    )
    if proof.differs:
        raise typer.Exit(3)


def ask(  # noqa: PLR0913 - what, of which logs and year, with what beside
    context: typer.Context,
    question: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="Q01 to Q28; none: list them.")
    ] = None,
    *,
    mirror: Mirrors = None,
    year: Annotated[
        int | None, typer.Option(min=2000, max=9000, help="The calendar year, in UTC.")
    ] = None,
    other: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The other country's mirror, for Q24.")
    ] = None,
    openings: Opened = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Size of a random sample, for Q06.")
    ] = None,
    root: Root = None,
) -> None:
    """Ask mirrored logs one of the overseers' questions; answers name cases and are not for publication."""
    terminal = terminal_of(context)
    if not question:
        known = lists().questions
        rows = {name: each.asks for name, each in known.items()}
        terminal.answer({**rows}, [f"{name}  {asks}" for name, asks in rows.items()])
        return
    if year is None:
        raise UsageError("a question wants a --year", code="no_year")
    read, mirrors = _read(terminal, mirror, year, root), _mirrors(mirror)
    asked = Asked(
        read=read,
        people=_people(openings, mirrors, read),
        mirrors=mirrors,
        other=Mirror(other) if other else None,
        pinned_root=read_root(terminal, root),
        sample=sample or lists().policy.sample,
    )
    answers = [answer(each, asked) for each in question]
    lines = [line for each in answers for line in each.lines()]
    terminal.answer({"answers": [each.to_json() for each in answers]}, lines)


def misuse(
    context: typer.Context,
    *,
    mirror: Mirrors = None,
    year: Year,
    zone: Zone = "UTC",
    openings: Opened = None,
    root: Root = None,
) -> None:
    """Find patterns of misuse in mirrored logs; each is something to look at, and no proof."""
    terminal = terminal_of(context)
    clock = read_zone(zone)
    read, mirrors = _read(terminal, mirror, year, root), _mirrors(mirror)
    people = _people(openings, mirrors, read)
    found = detect(read.docket, since=read.since, people=people, zone=clock)
    seen = read.docket.kinds()
    untold = [each.id for each in lists().patterns.values() if not is_told(seen, each.events)]
    lines = [each.line() for each in found] or ["nothing fits a pattern"]
    if untold:
        lines.append(f"not told by these logs: {', '.join(untold)}")
    terminal.answer({"found": [each.to_json() for each in found], "untold": [*untold]}, lines)


def _read(terminal: Terminal, mirror: list[Path] | None, year: int, root: Path | None) -> Counted:
    return read_logs(_mirrors(mirror), pinned_root=read_root(terminal, root), year=year)


def _mirrors(mirror: Sequence[Path] | None) -> list[Mirror]:
    if not mirror:
        raise UsageError(
            "a mirror is needed: -d DIR", code="no_mirror", next_step="rogatory audit pull"
        )
    return [Mirror(each) for each in mirror]


def _people(openings: Path | None, mirrors: Sequence[Mirror], read: Counted) -> People:
    if openings is None:
        return People()
    before = sum(each.size for each in read.ranges[:-1])
    return read_people(openings, mirrors[-1], size=read.ranges[-1].size, before=before)
