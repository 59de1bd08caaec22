"""`rogatory audit watch`: a monitor that runs by itself and alarms."""

from __future__ import annotations

import shlex
import subprocess
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Final

import typer

from client.cli.options import Folder, Root, Zone, read_zone
from client.cli.terminal import Terminal, terminal_of
from client.cli.verifying import read_root
from client.oversight.mirror import Mirror
from client.oversight.watching import Alarm, Round, Watch
from client.sdk.session import connect
from shared.protocol.canonical import encode
from shared.protocol.leaves import format_time

EXEC_TIMEOUT: Final = 60  # seconds


def watch(  # noqa: PLR0913 - of what, how often, and whom to tell
    context: typer.Context,
    *,
    output: Folder,
    purpose: Annotated[
        str, typer.Option(envvar="ROGATORY_PURPOSE", help="Why you read; it is recorded.")
    ],
    every: Annotated[
        int, typer.Option(metavar="SECONDS", min=0, help="Between two looks at the log's head.")
    ] = 60,
    entries_every: Annotated[
        int, typer.Option(metavar="SECONDS", min=0, help="Between two audits of new entries.")
    ] = 3600,
    silence: Annotated[
        int,
        typer.Option(metavar="SECONDS", min=1, help="How long the log may show nothing new."),
    ] = 1800,
    command: Annotated[
        str | None,
        typer.Option("--exec", metavar="CMD", help="Run on each alarm, which is its input (JSON)."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after so many looks.")
    ] = None,
    zone: Zone = "UTC",
    root: Root = None,
) -> None:
    """Watch your country's log: mirror it, verify all that comes, alarm when anything is wrong.

    Without --exec the first alarm ends it: exit code 3 if the log contradicts itself or the checks of
    `audit verify` fail, 6 if it is closed, 7 if it is silent or does not answer, 9 if new entries of a log
    that holds fit a pattern of misuse (`audit misuse` lists them all). With --exec it goes on;
    an alarm is told when it comes up, and a command that fails ends the watch with the alarm's code.
    Looks at the head leave no trace in the log, pulled entries do. With --json: one object a line.
    """
    terminal = terminal_of(context)
    watched = Watch(
        session=connect(terminal.profile(), clock=terminal.clock, purpose=purpose),
        mirror=Mirror(output),
        pinned_root=read_root(terminal, root),
        clock=terminal.clock,
        entries_every=timedelta(seconds=entries_every),
        silence=timedelta(seconds=silence),
        zone=read_zone(zone),
    )
    telling = _Telling(terminal=terminal, command=command)
    done = 0
    while True:
        code = telling.tell(watched.look())
        done += 1
        if done == rounds or (code and command is None):
            raise typer.Exit(code)
        time.sleep(every)


@dataclass(slots=True, kw_only=True)
class _Telling:
    """Whom an alarm is told; each once, until it is over."""

    terminal: Terminal
    command: str | None
    _standing: set[str] = field(default_factory=set)

    def tell(self, seen: Round) -> int:
        """Tell what is new; give the exit code of the gravest alarm that stands, 0 if none does."""
        now = self.terminal.clock()
        shown = "no answer" if seen.size is None else f"{seen.size} entries"
        looked = "audited" if seen.audited else "looked at"
        lines = [f"{format_time(now)}  {shown}, {looked}, {len(seen.alarms)} alarms"]
        alarms = [alarm.to_json() for alarm in seen.alarms]
        self.terminal.answer(
            {
                "time": format_time(now),
                "size": seen.size,
                "audited": seen.audited,
                "alarms": [*alarms],
            },
            lines,
        )
        for alarm in seen.alarms:
            if alarm.code not in self._standing:
                self.terminal.say(f"ALARM {alarm.code}: {alarm.detail}")
                self._run(alarm)
        codes = {alarm.code for alarm in seen.alarms}
        for code in sorted(self._standing - codes):
            self.terminal.say(f"over: {code}")
        self._standing = codes
        return min((alarm.exit_code for alarm in seen.alarms), default=0)

    def _run(self, alarm: Alarm) -> None:
        """Run the command; an alarm that nobody was told must not be taken for told."""
        if self.command is None:
            return
        try:
            subprocess.run(  # noqa: S603 - the overseer's own command
                shlex.split(self.command),
                input=encode(alarm.to_json()),
                timeout=EXEC_TIMEOUT,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.terminal.say(f"the alarm could not be told: {error}")
            raise typer.Exit(alarm.exit_code) from error
