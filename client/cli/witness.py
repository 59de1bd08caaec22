"""`rogatory witness`: the oversight body's own witness."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from client.cli.options import Root
from client.cli.terminal import Terminal, terminal_of
from client.cli.verifying import read_root
from client.errors import UsageError
from client.witness.judging import Witness, trusted_logs
from client.witness.serving import Server
from client.witness.setup import open_folder
from shared.protocol.trust import read_bundle


def witness(  # noqa: PLR0913 - what a witness is set up with
    context: typer.Context,
    *,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Port 0 takes any that is free.")
    ],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Its key, its memory, the evidence.")],
    name: Annotated[
        str | None,
        typer.Option(help="Who it is, without a scheme: oversight.example/w1. At the first start."),
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(metavar="VKEY", help="A key of a log to witness; both, for two signatures."),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="A trust bundle: witness the logs of all its members."),
    ] = None,
    root: Root = None,
) -> None:
    """Run a witness (C2SP tlog-witness): it cosigns a log's checkpoints while the log only ever grows.

    It says which keys it signs with: give them to the logs' operators, and name them in policies. A log
    that signs two histories is refused, and the evidence is kept in DIR/evidence as one file that convicts
    it offline. Back DIR up as a whole, but never start an older copy of it: it would have forgotten.
    """
    terminal = terminal_of(context)
    logs = trusted_logs([*(log or []), *_members_logs(terminal, trust, root)])
    if not logs:
        raise UsageError("which logs to witness is to be said", next_step="name --log or --trust")
    key, memory = open_folder(data, name)
    if key.name in logs:
        raise UsageError(f"{key.name} is a log; a witness has a name of its own", code="same_name")
    at_work = Witness(
        key=key, logs=logs, memory=memory, folder=data, clock=terminal.clock, alarm=_alarm
    )
    with Server(_address(listen), at_work) as server:
        _tell(terminal, at_work, server.url())
        server.serve_forever()


def _members_logs(terminal: Terminal, trust: Path | None, root: Path | None) -> list[str]:
    if trust is None:
        return []
    members = read_bundle(trust.read_bytes(), read_root(terminal, root))
    return [vkey for member in members.values() for vkey in member.log_vkeys]


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) >= 2**16:
        raise UsageError(f"{listen} is no HOST:PORT", code="bad_address")
    return host, int(port)


def _tell(terminal: Terminal, at_work: Witness, url: str) -> None:
    vkeys, logs = at_work.key.vkeys(), sorted(at_work.logs)
    lines = [f"{at_work.key.name} at {url}", *(f"  key  {vkey}" for vkey in vkeys)]
    terminal.answer(
        {"name": at_work.key.name, "url": url, "vkeys": [*vkeys], "logs": [*logs]},
        [*lines, *(f"  log  {origin}" for origin in logs)],
    )
    sys.stdout.flush()  # whoever started it waits for this


def _alarm(sentence: str) -> None:
    """Alarms are said even with --quiet."""
    print(f"ALARM: {sentence}", file=sys.stderr, flush=True)


COMMANDS = {"witness": witness}
