"""`rogatory audit …`: the overseer's view."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.checking import verify
from client.cli.counting import app as report
from client.cli.counting import ask as ask_logs
from client.cli.counting import misuse
from client.cli.evidence import evidence
from client.cli.exporting import export
from client.cli.finding import find
from client.cli.options import Folder, Root
from client.cli.terminal import terminal_of
from client.cli.upkeep import erasing, fsck
from client.cli.verifying import read_root
from client.cli.watching import watch
from client.oversight.finding import find as ask
from client.oversight.mirror import Mirror
from client.oversight.timeline import by_day, timeline
from client.oversight.together import Asked, pull_witnessed
from client.sdk.session import connect
from shared.protocol.canonical import Json

app = typer.Typer(no_args_is_help=True)


def pull(  # noqa: PLR0913 - how to pull, and who is to have seen the same
    context: typer.Context,
    *,
    output: Folder,
    purpose: Annotated[
        str, typer.Option(envvar="ROGATORY_PURPOSE", help="Why you read; it is recorded.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Read again what cannot have changed, and compare.")
    ] = False,
    log: Annotated[
        str | None,
        typer.Option(metavar="ORIGIN", help="A closed log of your country, by its name."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Have a witness cosign what was pulled; repeatable."),
    ] = None,
    witness_key: Annotated[
        list[str] | None,
        typer.Option(metavar="VKEY", help="The witnesses' keys; of one that has two, both."),
    ] = None,
    root: Root = None,
) -> None:
    """Bring a mirror of your country's log up to date, with what proves each transfer.

    With --witness the newest checkpoint is first checked against all that this mirror saw before, then
    cosigned: the mirror keeps the cosignatures, and `audit verify` asks for those of the policy. If a witness
    has seen another history of the log, or a longer one, the evidence is kept and the exit code is 3.
    """
    terminal = terminal_of(context)
    pinned = read_root(terminal, root)
    asked = Asked.of(witness or [], witness_key or [])
    session = connect(terminal.profile(), clock=terminal.clock, purpose=purpose)
    pulled, witnessed = pull_witnessed(
        session, Mirror(output), pinned_root=pinned, compare_all=again, asked=asked, log=log
    )
    told: dict[str, Json] = {
        "mirror": str(output),
        "origin": pulled.origin,
        "size": pulled.size,
        "before": pulled.before,
        "counterparts": pulled.counterparts,
        "links": pulled.links,
        "stamps": pulled.stamps,
    }
    grown = f"{pulled.size} entries ({pulled.size - pulled.before} new)"
    proofs = f"{pulled.counterparts} new proofs of the other country, {pulled.links} links"
    if asked.sites:
        told["witnessed"] = [{"witness": each.url, "times": {**each.times}} for each in witnessed]
    cosigned = [f"  cosigned by {', '.join(each.times)} at {each.url}" for each in witnessed]
    terminal.answer(told, [f"{pulled.origin}: {grown}, {proofs}, in {output}", *cosigned])


def show(
    context: typer.Context,
    *,
    case: Annotated[str, typer.Option(metavar="REQUEST", help="The request's id.")],
    mirror: Annotated[
        Path | None,
        typer.Option("-d", "--mirror", metavar="DIR", help="A mirror. Default: ask your node."),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option(envvar="ROGATORY_PURPOSE", help="Why you read, if your node is asked."),
    ] = None,
    root: Root = None,
) -> None:
    """Tell what a log says of one case, in order.

    Without a mirror your node is asked, and its answer checked as `audit find` does: nothing is missing.
    """
    terminal = terminal_of(context)
    if mirror is not None:
        events = timeline(Mirror(mirror), case)
    else:
        session = connect(terminal.profile(), clock=terminal.clock, purpose=purpose)
        pinned = read_root(terminal, root)
        answer = ask(session, case=case, peer=None, pinned_root=pinned)
        events = [each.event for each in answer.told]
    rows: list[Json] = [
        {
            "index": each.index,
            "time": each.time,
            "type": each.type,
            "detail": each.detail,
            "way": each.way,
        }
        for each in events
    ]
    lines = [f"{len(events)} entries about {case}, in the order of the log", *by_day(events)]
    terminal.answer(
        {"case": case, "events": rows}, lines if events else [f"the log says nothing of {case}"]
    )


app.command("pull")(pull)
app.command("find")(find)
app.command("verify")(verify)
app.command("show")(show)
app.command("evidence")(evidence)
app.command("export")(export)
app.command("watch")(watch)
app.add_typer(report, name="report", help="Count a year: the metrics that overseers publish.")
app.command("ask")(ask_logs)
app.command("misuse")(misuse)
app.command("fsck")(fsck)
app.command("erase")(erasing)
