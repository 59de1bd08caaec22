"""`rogatory audit verify`: what a mirror proves, check by check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Root
from client.cli.terminal import terminal_of
from client.cli.verifying import read_root
from client.oversight.audit import audit
from client.oversight.comparison import compare
from client.oversight.findings import Findings, Outcome
from client.oversight.mirror import Mirror
from client.oversight.quorum import check_witnesses
from client.oversight.stamps import check_stamps
from shared.protocol.canonical import Json
from shared.protocol.policies import parse_policy
from shared.protocol.timetokens import Anchors

SHOWN = 20  # failures of one check; --json has all


def verify(
    context: typer.Context,
    mirror: Annotated[Path, typer.Argument(metavar="DIR", help="A mirror.")],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="DIR2", help="Another overseer's mirror, of any country."),
    ] = None,
    *,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A C2SP tlog-policy of your own; the directory's is asked for in any case.",
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
    """Verify a mirror offline, or two and that they agree; exit code 3 if anything is wrong.

    Two mirrors of one log must have one history; of two countries', tell of the same transfers.
    """
    terminal = terminal_of(context)
    pinned = read_root(terminal, root)
    quorum = parse_policy(policy.read_bytes()) if policy else None
    anchors = Anchors.read(time_anchors.read_bytes()) if time_anchors else None
    if other is None:
        findings = Findings()
        audited = audit(Mirror(mirror), pinned_root=pinned, findings=findings)
        results = [(audited.country if audited else mirror.name, findings)]
    else:
        results = compare(Mirror(mirror), Mirror(other), pinned_root=pinned)
    for folder, (_, findings) in zip(filter(None, [mirror, other]), results, strict=False):
        if quorum:
            check_witnesses(Mirror(folder), quorum, findings, said_by=str(policy))
        check_stamps(Mirror(folder), anchors, findings)
    verified = not any(findings.failures for _, findings in results)
    logs: list[Json] = [
        {"log": name, "checks": [_row(each) for each in findings.outcomes()]}
        for name, findings in results
    ]
    lines = [line for name, findings in results for line in lines_of(name, findings.outcomes())]
    verdict = "Verified." if verified else "NOT verified: see the checks that failed."
    terminal.answer({"verified": verified, "logs": logs}, [*lines, verdict])
    if not verified:
        raise typer.Exit(3)


def lines_of(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Show checks: number, what became of each, and what was found where."""
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
