"""`rogatory request new, template, schema, check`: a request before it is sent."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from client.cli import enclosures, standards
from client.cli.terminal import Terminal, terminal_of
from client.cli.words import indented, request_line
from client.errors import UsageError, unreadable
from client.guide import Draft, Guide, ask_country, ask_instrument, blank
from client.profiles import read_json
from client.questions import Questions
from client.sdk import requests
from client.sdk.approving import load_officer
from client.sdk.session import connect
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError
from shared.protocol.law import documents
from shared.protocol.law.completeness import missing
from shared.protocol.law.schemas import schema
from shared.protocol.law.soundness import Lack

InstrumentName = Annotated[
    str | None, typer.Option("--instrument", metavar="CODE|FILE", help="BUD, EIO, …, or a profile.")
]
PairFile = Annotated[
    Path | None,
    typer.Option(
        "--pair", metavar="FILE", help="Profile of the two countries: its languages and own fields."
    ),
]
_INCOMPLETE: Final = 1  # exit code


def new(
    context: typer.Context,
    draft: Annotated[
        Path | None, typer.Argument(metavar="[DRAFT]", help="JSON or TOML, sent as it stands.")
    ] = None,
    *,
    begun: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Go on with this draft: JSON or TOML."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Keep the answers here; send nothing."),
    ] = None,
    instrument: InstrumentName = None,
    pair: PairFile = None,
) -> None:
    """Draft a request, sign that it is prepared, and hand it to the second officer.

    Without DRAFT a guide asks for it: only for what the instrument asks.
    """
    terminal = terminal_of(context)
    if draft is not None:
        document = read_draft(draft)
    else:
        document = read_draft(begun) if begun is not None else {}
        _guide(terminal, document, instrument, pair, save)
    if save is None:
        _submit(terminal, document)


def template(
    context: typer.Context,
    instrument: Annotated[str, typer.Argument(metavar="[INSTRUMENT]")] = "BUD",
    *,
    kind: Annotated[str, typer.Option(help="Kind of request (A03).")] = "MLA",
    measure: Annotated[str, typer.Option(help="Code of the measure.")] = "MEA-03",
) -> None:
    """Print a draft to fill in: every field that the instrument asks for, empty."""
    told = blank(standards.named(instrument), kind, measure)
    terminal_of(context).answer(told, indented(told).splitlines())


def form(
    context: typer.Context,
    instrument: Annotated[
        str | None, typer.Argument(metavar="[INSTRUMENT]", help="As it wants it; without: any.")
    ] = None,
) -> None:
    """Print the form of a request as JSON Schema, for programs that make forms of it."""
    made = schema(standards.named(instrument) if instrument is not None else None)
    terminal_of(context).answer(made, indented(made).splitlines())


def check(
    context: typer.Context,
    request: Annotated[str, typer.Argument(metavar="FILE|REQUEST", help="A draft, or an id.")],
    *,
    instrument: InstrumentName = None,
    pair: PairFile = None,
    attached: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Is this paper one that the request names? Repeatable."),
    ] = None,
) -> None:
    """List what a request lacks, each field with its article. Exit code 1 if there is any.

    A file is checked without a node; languages and fields of the two countries then need --pair.
    """
    terminal = terminal_of(context)
    if Path(request).exists():
        told = read_draft(Path(request))
        by = standards.offline(told, instrument=instrument, pair=pair)
    else:
        told = _of_node(terminal, request)
        by = standards.of_node(terminal, told, instrument=instrument, pair=pair)
    document = _document(told)
    papers = enclosures.compare(document, attached or [])
    lacks = missing(document, by.instrument, by.pair)
    code = by.instrument.code if by.instrument is not None else None
    rows: list[Json] = [_row(each) for each in lacks]
    answer: dict[str, Json] = {"instrument": code, "complete": not lacks, "lacks": rows}
    compared: list[Json] = [each.to_json() for each in papers]
    terminal.answer({**answer, "attached": compared}, [*_lines(lacks, code), *map(str, papers)])
    if lacks or not all(each.title for each in papers):
        raise typer.Exit(_INCOMPLETE)


def read_draft(path: Path) -> Draft:
    """Read a draft from JSON, or from TOML if the file's name ends so.

    Raises:
        UsageError: it cannot be read.
    """
    if path.suffix != ".toml":
        return read_json(path)
    try:
        told = _plain(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}", code="not_toml") from error
    assert isinstance(told, dict)
    return told


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    """TOML has days and instants; a request has their texts."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case date() | datetime():
            return value.isoformat()
        case _:
            return value


def _guide(
    terminal: Terminal,
    told: Draft,
    instrument: str | None,
    pair: Path | None,
    save: Path | None,
) -> None:
    def keep(draft: Mapping[str, Json]) -> None:
        if save is not None:
            save.write_text(indented(dict(draft)) + "\n", encoding="utf-8")

    try:
        ask_country(told, ask=_ask, say=_say)
        by = (
            standards.of_node(terminal, told, instrument=instrument, pair=pair)
            if save is None
            else standards.offline(told, instrument=instrument, pair=pair)
        )
        chosen = by.instrument or ask_instrument(by.offered, ask=_ask, say=_say)
        Guide(
            told=told,
            instrument=chosen,
            pair=by.pair,
            questions=Questions(form=schema(chosen), ask=_ask, say=_say),
            keep=keep,
            now=terminal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
        ).run()
    except EOFError as error:
        kept = (
            f"go on with --from {save}" if save else "begin with --save FILE, and go on with --from"
        )
        raise UsageError(
            "the answers ended before the request was complete", code="incomplete", next_step=kept
        ) from error
    except FormatError as error:
        raise _misshapen(error) from error


def _ask(question: str) -> str:
    """Questions are remarks; only what was asked for goes to stdout."""
    print(question, end="", file=sys.stderr, flush=True)
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.rstrip("\r\n")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _submit(terminal: Terminal, document: Draft) -> None:
    officer = load_officer(terminal.profile())
    session = connect(terminal.profile(), clock=terminal.clock)
    drafted = requests.draft(session, document)
    submitted = requests.submit(session, drafted, officer=officer, clock=terminal.clock)
    terminal.answer(submitted.wire, [request_line(submitted)])


def _of_node(terminal: Terminal, request_id: str) -> Draft:
    session = connect(terminal.profile(), clock=terminal.clock)
    told = requests.find(session, request_id).wire.get("document")
    assert isinstance(told, dict)
    return told


def _document(told: Draft) -> documents.Document:
    try:
        return documents.of_json(told)
    except FormatError as error:
        raise _misshapen(error) from error


def _misshapen(error: FormatError) -> UsageError:
    return UsageError(
        error.detail,
        code="misshapen",
        next_step="mend this field; `rogatory request schema` prints the form",
    )


def _row(each: Lack) -> Json:
    return {
        "field": each.field,
        "title": each.title,
        "measure": each.measure,
        "what": each.what,
        "source": each.source,
    }


def _lines(lacks: Sequence[Lack], code: str | None) -> list[str]:
    under = (
        f"under {code}"
        if code
        else "by what every request must say; its legal basis names no instrument"
    )
    if not lacks:
        return [f"complete {under}"]
    return [f"{len(lacks)} to be mended, {under}:", *(f"  {each}" for each in lacks)]
