"""`rogatory audit export`: hand over a log, or one case in it, with all that proves it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Folder, Root
from client.cli.terminal import Terminal, terminal_of
from client.cli.verifying import read_root
from client.errors import UsageError
from client.oversight.exporting import export as write_export
from client.oversight.mirror import CHECKPOINT, Mirror
from client.oversight.openings import Openings, pull_openings
from client.sdk.session import connect
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.digests import sha256
from shared.protocol.notes import read_note


def export(  # noqa: PLR0913 - of what, where to, and with what
    context: typer.Context,
    *,
    mirror: Annotated[Path, typer.Option("-d", "--mirror", metavar="DIR", help="A mirror.")],
    output: Folder,
    case: Annotated[
        str | None, typer.Option(metavar="REQUEST", help="One case alone, by its request's id.")
    ] = None,
    openings: Annotated[
        bool,
        typer.Option(
            "--openings", help="With what commitments stand for; asks the node, names persons."
        ),
    ] = False,
    purpose: Annotated[
        str | None,
        typer.Option(envvar="ROGATORY_PURPOSE", help="Why openings are read; it is recorded."),
    ] = None,
    root: Root = None,
) -> None:
    """Write a mirrored log, or one case in it, as a folder that proves itself to anybody, offline.

    `python3 verify.py` in the folder checks it with Python alone; the mirror's case key stays here.
    """
    terminal = terminal_of(context)
    pinned, source = read_root(terminal, root), Mirror(mirror)
    opened = _openings(terminal, source, case, purpose) if openings else None
    written = write_export(source, output, pinned_root=pinned, case_id=case, openings=opened)
    fingerprint = sha256(pinned).hex()
    terminal.answer(
        {
            "export": str(output),
            "files": written.count,
            "bytes": written.size,
            "root_sha256": fingerprint,
        },
        [
            f"{written.count} files, {written.size} bytes, in {output}",
            f"To verify: python3 {output}/verify.py --root-sha256 {fingerprint}",
            "Tell the fingerprint on another way than the export.",
        ],
    )


def _openings(
    terminal: Terminal, mirror: Mirror, case: str | None, purpose: str | None
) -> Openings:
    if not purpose:
        raise UsageError("--openings wants a --purpose, which is recorded", code="no_purpose")
    session = connect(terminal.profile(), clock=terminal.clock, purpose=purpose)
    note = mirror.read(CHECKPOINT).decode("utf-8", "replace")
    size = read_checkpoint(read_note(note).text).size
    return pull_openings(session, case_id=case, size=size)
