"""`rogatory audit evidence`: what convicts a log of having shown two histories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Root
from client.cli.terminal import Terminal, terminal_of
from client.cli.verifying import read_root
from client.errors import UsageError, VerificationFailedError, unreadable
from client.oversight.convicting import SUFFIX, Verdict, examine, fetch, keys_for
from client.oversight.mirror import Mirror
from client.oversight.trusting import Trusted, read_trust
from client.sdk.session import Session, connect
from shared.protocol.canonical import Json
from shared.protocol.trust import read_bundle

Said = Verdict | VerificationFailedError


def evidence(  # noqa: PLR0913 - files, or the node's; and whose keys are believed
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Files of evidence.")
    ] = None,
    *,
    pull: Annotated[
        bool, typer.Option("--pull", help="Fetch what your node holds against other logs.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where pulled files go.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(envvar="ROGATORY_PURPOSE", help="Why you read; it is recorded.")
    ] = None,
    mirror: Annotated[
        Path | None,
        typer.Option("-d", "--mirror", metavar="DIR", help="A mirror: it keeps old directories."),
    ] = None,
    trust: Annotated[
        Path | None, typer.Option(metavar="BUNDLE", help="A trust bundle, in a mirror's place.")
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(metavar="VKEY", help="A key of the log, if no directory is at hand; all."),
    ] = None,
    root: Root = None,
) -> None:
    """Verify offline that files convict a log, or pull what your node's own witness has found.

    A file holds two checkpoints that the log has signed and that cannot both be true. Whose keys they
    are says a mirror, a trust bundle or you. The exit code is 3 if a file convicts nobody.
    """
    terminal = terminal_of(context)
    known = _trusted(terminal, mirror, trust, root)
    verdicts = {path: _examine(_read(path), log or [], known) for path in files or []}
    if pull:
        verdicts |= _pull(terminal, output, purpose, known=known, root=root)
    elif not verdicts:
        raise UsageError("name a file of evidence, or --pull", code="no_file")
    told: list[Json] = [_row(path, each) for path, each in verdicts.items()]
    lines = [f"{path}: {_said(each)}" for path, each in verdicts.items()]
    terminal.answer({"evidence": told}, lines or ["nothing is held against any log"])
    if not all(isinstance(each, Verdict) for each in verdicts.values()):
        raise typer.Exit(3)


def _trusted(
    terminal: Terminal, mirror: Path | None, trust: Path | None, root: Path | None
) -> Trusted | None:
    if mirror is not None:
        return read_trust(Mirror(mirror), read_root(terminal, root))
    if trust is not None:
        return Trusted(directories=(read_bundle(_read(trust), read_root(terminal, root)),))
    return None


def _pull(
    terminal: Terminal,
    output: Path | None,
    purpose: str | None,
    *,
    known: Trusted | None,
    root: Path | None,
) -> dict[Path, Verdict]:
    """Fetch all files, verify each and keep it under its name."""
    if output is None or purpose is None:
        raise UsageError(
            "--pull needs a folder and a purpose",
            code="no_folder",
            next_step="add --output DIR and --purpose TEXT",
        )
    session = connect(terminal.profile(), clock=terminal.clock, purpose=purpose)
    trusted = _newest(session, read_root(terminal, root), known)
    output.mkdir(parents=True, exist_ok=True)
    found: dict[Path, Verdict] = {}
    for content in fetch(session, trusted):
        verdict = examine(content, keys_for(content, trusted))
        path = output / f"{verdict.name}{SUFFIX}"
        path.write_bytes(content)
        found[path] = verdict
    return found


def _newest(session: Session, pinned_root: bytes, known: Trusted | None) -> Trusted:
    """The directory as the node has it now, before those that a mirror kept."""
    members = read_bundle(session.content(session.call("GET", "/v1/directory")), pinned_root)
    return Trusted(directories=(members, *(known.directories if known else ())))


def _examine(content: bytes, vkeys: list[str], known: Trusted | None) -> Said:
    if not vkeys and known is None:
        raise UsageError(
            "whose keys the log's are is to be said",
            code="no_keys",
            next_step="name a mirror (-d), a trust bundle (--trust) or the keys (--log)",
        )
    try:
        return examine(content, [*vkeys, *(keys_for(content, known) if known else ())])
    except VerificationFailedError as error:
        return error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def _said(verdict: Said) -> str:
    return verdict.sentence() if isinstance(verdict, Verdict) else verdict.detail


def _row(path: Path, verdict: Said) -> dict[str, Json]:
    if isinstance(verdict, VerificationFailedError):
        return {"file": str(path), "convicts": None, **verdict.to_json()}
    told = verdict.proven
    return {
        "file": str(path),
        "convicts": verdict.origin,
        "name": verdict.name,
        "sizes": [told.smaller.size, told.larger.size],
        "roots": [told.smaller.root.hex(), told.shown.hex()],
    }
