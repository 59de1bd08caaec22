"""`rogatory package custody`: who did what with each file; a report, a graph, a folder that proves itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli.options import PackageId
from client.cli.terminal import terminal_of
from client.oversight.sheet import custody_verifier
from client.printing import to_pdf
from client.sdk import custody as accounts
from client.sdk.session import connect
from shared.protocol.canonical import read
from shared.protocol.law.custody import words
from shared.protocol.law.custodygraph import graph
from shared.protocol.law.custodypaper import report
from shared.protocol.law.custodytrace import Trace

NAMES: Final = ("custody.json", "custody.json.p7s", "custody.html", "custody.jsonld")
VERIFIER, ANCHOR = "verify_custody.py", "bag-seal-ca.pem"


def custody(
    context: typer.Context,
    package_id: PackageId,
    *,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="The report, as a page.")
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", metavar="FILE", help="The report, as PDF (rogatory[pdf])."),
    ] = None,
    case: Annotated[
        Path | None, typer.Option("--case", metavar="FILE", help="A graph of CASE/UCO (JSON-LD).")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="All of it, signed, with a verifier."),
    ] = None,
) -> None:
    """Tell what was done to each file, by whom and on what authority, on both sides of the border."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    account = accounts.custody(session, package_id)
    pinned = terminal.profile().root
    signed = accounts.check_signed(session, account, pinned.read_bytes()) if pinned else None
    trace = account.trace
    page = report(trace) if html or pdf or folder else ""
    if html:
        html.write_text(page, encoding="utf-8")
    if pdf:
        pdf.write_bytes(to_pdf(page))
    if case:
        case.write_bytes(graph(trace))
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        contents = (account.octets, account.signature, page.encode(), graph(trace))
        for name, content in zip(NAMES, contents, strict=True):
            (folder / name).write_bytes(content)
        (folder / VERIFIER).write_bytes(custody_verifier())
        if signed:
            (folder / ANCHOR).write_bytes(signed.ca)
    value = read(account.octets, max_size=len(account.octets))
    assert isinstance(value, dict)
    terminal.answer(value, [*_lines(trace), _signed_by(signed)])


def remove(
    context: typer.Context,
    package_id: PackageId,
    item_id: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")],
    *,
    because: Annotated[
        str | None, typer.Option(help=f"Told to the receiver: {', '.join(words()['left_out'])}.")
    ] = None,
) -> None:
    """Take a file out of a package that is not closed; with a reason the custody says so."""
    terminal = terminal_of(context)
    session = connect(terminal.profile(), clock=terminal.clock)
    accounts.remove_item(session, package_id, item_id, because)
    why = f", left out: {words()['left_out'].get(because, because)}" if because else ""
    terminal.answer({"item_id": item_id, "because": because}, [f"{item_id} removed{why}"])


def _signed_by(signed: accounts.Signed | None) -> str:
    if signed is None:
        return "who signed is NOT checked: the profile has no pinned root"
    return f"signed by {signed.subject}"


def _lines(trace: Trace) -> Iterator[str]:
    yield f"package {trace.package_id}, {trace.sender} to {trace.receiver}, {trace.state}"
    for exhibit in trace.exhibits:
        yield f"{exhibit.item_id}  {exhibit.original_name or ''}".rstrip()
        for record in trace.of(exhibit.item_id):
            who = record.performer.person or record.performer.role
            changed = f"  changed: {record.change.what}" if record.change else ""
            yield f"  {record.started_at}  {record.country} {record.act} by {who}{changed}"
    for each in trace.handovers:
        yield f"{each.at}  {each.what} signed by {each.country}"
    for left in trace.left_out:
        yield f"{left.item_id}  left out: {words()['left_out'][left.why]}"
    records = sum(len(trace.of(exhibit.item_id)) for exhibit in trace.exhibits)
    yield f"{records} records, every chain unbroken"
