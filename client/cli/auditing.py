"""`rogatory audit …`: the overseer's view."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Folder, Root
from client.cli.terminal import terminal_of
from client.cli.verifying import read_root
from client.oversight.audit import audit
from client.oversight.comparison import compare
from client.oversight.findings import Findings, Outcome
from client.oversight.mirror import Mirror
from client.oversight.quorum import check_witnesses
from client.oversight.stamps import check_stamps
from client.oversight.timeline import timeline
from client.oversight.together import Asked, pull_witnessed
from client.sdk.session import connect
from shared.protocol.canonical import Json
from shared.protocol.policies import parse_policy
from shared.protocol.timetokens import Anchors

SHOWN = 20  # failures of one check; --json has all

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
    cosigned: the mirror keeps the cosignatures, and `audit verify --policy` asks for them. If a witness
    has seen another history of the log, or a longer one, the evidence is kept and the exit code is 3.
    """
    terminal = terminal_of(context)
    pinned = read_root(terminal, root)
    asked = Asked.of(witness or [], witness_key or [])
    session = connect(terminal.profile(), clock=terminal.clock, purpose=purpose)
    pulled, witnessed = pull_witnessed(
        session, Mirror(output), pinned_root=pinned, compare_all=again, asked=asked
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


def verify(
    context: typer.Context,
    mirror: Annotated[Path, typer.Argument(metavar="DIR", help="A mirror.")],
    other: Annotated[
        Path | None, typer.Argument(metavar="DIR2", help="The other country's mirror.")
    ] = None,
    *,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A C2SP tlog-policy: which witnesses must have cosigned."
        ),
    ] = None,
    time_anchors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Roots of the time-stamping authorities that you trust, in PEM."
        ),
    ] = None,
    root: Root = None,
) -> None:
    """Verify a mirror offline, or two and that they agree; exit code 3 if anything is wrong."""
    terminal = terminal_of(context)
    pinned = read_root(terminal, root)
    quorum = parse_policy(policy.read_bytes()) if policy else None
    anchors = Anchors.read(time_anchors.read_bytes()) if time_anchors else None
    if other is None:
        findings = Findings()
        audited = audit(Mirror(mirror), pinned_root=pinned, findings=findings)
        results = [(audited.member.country if audited else mirror.name, findings)]
    else:
        results = compare(Mirror(mirror), Mirror(other), pinned_root=pinned)
    if quorum:
        for folder, (_, findings) in zip(filter(None, [mirror, other]), results, strict=False):
            check_witnesses(Mirror(folder), quorum, findings)
    for folder, (_, findings) in zip(filter(None, [mirror, other]), results, strict=False):
        check_stamps(Mirror(folder), anchors, findings)
    verified = not any(findings.failures for _, findings in results)
    logs: list[Json] = [
        {"log": name, "checks": [_row(each) for each in findings.outcomes()]}
        for name, findings in results
    ]
    lines = [line for name, findings in results for line in _lines(name, findings.outcomes())]
    verdict = "Verified." if verified else "NOT verified: see the checks that failed."
    terminal.answer({"verified": verified, "logs": logs}, [*lines, verdict])
    if not verified:
        raise typer.Exit(3)


def show(
    context: typer.Context,
    *,
    case: Annotated[str, typer.Option(metavar="REQUEST", help="The request's id.")],
    mirror: Annotated[Path, typer.Option("-d", "--mirror", metavar="DIR", help="A mirror.")],
) -> None:
    """Tell what a mirrored log says of one case, in order."""
    terminal = terminal_of(context)
    events = timeline(Mirror(mirror), case)
    rows: list[Json] = [
        {"index": each.index, "time": each.time, "type": each.type, "detail": each.detail}
        for each in events
    ]
    lines = [f"{each.index:6}  {each.time}  {each.type:22}  {each.detail}" for each in events]
    terminal.answer({"case": case, "events": rows}, lines or [f"the log says nothing of {case}"])


app.command("pull")(pull)
app.command("verify")(verify)
app.command("show")(show)


def _lines(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    lines = []
    for each in outcomes:
        result = "FAILED" if each.failures else "ok    "
        detail = f": {each.detail}" if each.detail else ""
        lines.append(f"{name:4} {each.check.number:2} {result}  {each.check.title}{detail}")
        lines += [f"           {one.place}: {one.detail}" for one in each.failures[:SHOWN]]
        if len(each.failures) > SHOWN:
            lines.append(f"           and {len(each.failures) - SHOWN} more")
    return lines


def _row(outcome: Outcome) -> dict[str, Json]:
    return {
        "number": outcome.check.number,
        "name": outcome.check.title,
        "result": "failed" if outcome.failures else "passed",
        "detail": outcome.detail,
        "failures": [{"place": one.place, "detail": one.detail} for one in outcome.failures],
    }
