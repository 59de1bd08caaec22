"""`rogatory request new, amend, submit, return, template, schema, check`: a request before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli import enclosures, guiding, standards
from client.cli.deeds import Reasons
from client.cli.options import RequestId
from client.cli.terminal import Terminal, terminal_of
from client.cli.words import indented, request_line
from client.guide import Draft, blank
from client.sdk import acts, requests
from client.sdk.approving import Officer, load_officer
from client.sdk.records import Request
from client.sdk.session import Session, connect
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
    officer = load_officer(terminal.profile()) if save is None else None
    if draft is not None:
        document = guiding.read_draft(draft)
    else:
        document = guiding.read_draft(begun) if begun is not None else {}
        guiding.guide(terminal, document, instrument, pair, save)
    if officer is not None:
        session = _session(terminal)
        _submit(terminal, session, requests.draft(session, document), officer)


def amend(
    context: typer.Context,
    request_id: RequestId,
    draft: Annotated[
        Path | None, typer.Argument(metavar="[DRAFT]", help="JSON or TOML, sent as it stands.")
    ] = None,
    *,
    instrument: InstrumentName = None,
    pair: PairFile = None,
) -> None:
    """Write a new version of a draft, or of one that was given back, and hand it in again.

    Without DRAFT a guide asks for what the version at the node lacks.
    """
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    if draft is not None:
        document = guiding.read_draft(draft)
    else:
        document = _of_node(terminal, request_id)
        guiding.guide(terminal, document, instrument, pair, None)
    session = _session(terminal)
    _submit(terminal, session, requests.amend(session, request_id, document), officer)


def submit(context: typer.Context, request_id: RequestId) -> None:
    """Sign a draft as it stands at the node, and hand it to the second officer."""
    terminal = terminal_of(context)
    officer = load_officer(terminal.profile())
    session = _session(terminal)
    _submit(terminal, session, requests.find(session, request_id), officer)


def give_back(context: typer.Context, request_id: RequestId, *, reasons: Reasons) -> None:
    """Give a draft back to who prepared it, as the second officer."""
    terminal = terminal_of(context)
    returned = acts.act(_session(terminal), request_id, "return", {"reasons": reasons})
    terminal.answer(returned.wire, [request_line(returned)])


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
        told = guiding.read_draft(Path(request))
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


def _session(terminal: Terminal) -> Session:
    return connect(terminal.profile(), clock=terminal.clock)


def _submit(terminal: Terminal, session: Session, drafted: Request, officer: Officer) -> None:
    """Sign and hand in; whatever is refused, the draft stands, and can be amended."""
    terminal.say(f"drafted as {drafted.request_id}, version {drafted.version}")
    submitted = requests.submit(session, drafted, officer=officer, clock=terminal.clock)
    terminal.answer(submitted.wire, [request_line(submitted)])


def _of_node(terminal: Terminal, request_id: str) -> Draft:
    told = requests.find(_session(terminal), request_id).wire.get("document")
    assert isinstance(told, dict)
    return told


def _document(told: Draft) -> documents.Document:
    try:
        return documents.of_json(told)
    except FormatError as error:
        raise guiding.misshapen(error) from error


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
