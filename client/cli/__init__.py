"""The command line `rogatory`: which commands there are, and which exit code each error has.

Only the modules of the commands that stand on the line are loaded, so that help is there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli.terminal import Terminal
from client.errors import INTERRUPTED, ClientError, IntegrityError
from client.profiles import config_path
from shared.protocol.errors import ProtocolError

EXIT_CODES: Final = """\
Exit codes: 0 ok · 1 failed · 2 usage · 3 verification failed · 4 authentication or authorisation ·
5 not found · 6 conflict or wrong state · 7 remote unavailable, try again · 8 integrity ·
9 a pattern of misuse (audit watch) · 130 interrupted.
The options above may stand anywhere on the line."""
_FLAGS: Final = frozenset({"--json", "--quiet"})
_VALUES: Final = frozenset({"--profile", "--config"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command or a group of commands, the module it is in, and what its help says in a line."""

    module: str
    help: str
    group: bool = False


COMMANDS: Final = {
    "login": _Entry("client.cli.login", "Make a profile: who you are, at which gateway."),
    "request": _Entry("client.cli.requests", "Requests for assistance.", group=True),
    "package": _Entry("client.cli.packages", "Packages of evidence.", group=True),
    "inbox": _Entry("client.cli.receiving", "What waits for you: packages and requests."),
    "challenge": _Entry(
        "client.cli.challenges", "What a person objects to, by a court.", group=True
    ),
    "deadlines": _Entry("client.cli.deadlines", "What is due, the most urgent first."),
    "fetch": _Entry("client.cli.receiving", "Fetch a package as a bag, verify it, confirm it."),
    "verify": _Entry("client.cli.verifying", "Verify a bag offline, step by step."),
    "audit": _Entry("client.cli.auditing", "Mirror a country's log and verify it.", group=True),
    "witness": _Entry("client.cli.witness", "Run an oversight body's witness of logs."),
    "instrument": _Entry("client.cli.instruments", "What each treaty asks for.", group=True),
    "client": _Entry("client.cli.clients", "Who may call the node.", group=True),
    "federation": _Entry("client.cli.federation", "The directory's ceremonies.", group=True),
    "doctor": _Entry("client.cli.doctor", "Say what is wrong between you and your gateway."),
}


def run(argv: Sequence[str]) -> int:
    """Run a command line.

    Returns:
        The exit code.
    """
    front, rest = _hoist(argv)
    terminal = Terminal()
    try:
        _app(terminal, rest)([*front, *rest], prog_name="rogatory")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except ClientError as error:
        return terminal.fail(error)
    except ProtocolError as error:
        facts = {name: value for name, value in error.facts.items() if value is not None}
        return terminal.fail(IntegrityError(error.detail, code=error.code, facts={**facts}))
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return terminal.fail(ClientError(f"{named}{error.strerror or error}", code="os_error"))
    except KeyboardInterrupt:  # while the commands were being loaded; else the parser ends so
        return INTERRUPTED
    return 0


def _hoist(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Bring the options of the whole program to the front, where the parser wants them."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word.partition("=")[0] in _VALUES:
            front += (
                [word]
                if "=" in word
                else [word, *([value] if (value := next(words, None)) else [])]
            )
        else:
            (front if word in _FLAGS else rest).append(word)
    return front, rest


def _app(terminal: Terminal, words: Sequence[str]) -> typer.Typer:
    """Build the program; what is not on the line is there by name and help alone."""
    app = typer.Typer(
        help="Exchange requests for assistance and evidence between two countries.",
        epilog=EXIT_CODES,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
    )
    app.callback()(_settings(terminal))
    for name, entry in COMMANDS.items():
        module = import_module(entry.module) if name in words else None
        if entry.group:
            app.add_typer(module.app if module else typer.Typer(), name=name, help=entry.help)
        else:
            command = module.COMMANDS[name] if module else _absent
            app.command(name, help=None if module else entry.help)(command)
    return app


def _absent() -> None:
    """Stand for a command that is not on the line."""


def _settings(terminal: Terminal) -> Callable[..., None]:
    """Take the options of the whole program."""

    def settings(
        context: typer.Context,
        *,
        json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
        quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no remarks.")] = False,
        profile: Annotated[
            str | None, typer.Option(envvar="ROGATORY_PROFILE", help="Who you are (see login).")
        ] = None,
        config: Annotated[
            Path | None,
            typer.Option(envvar="ROGATORY_CONFIG", help="Default: ~/.config/rogatory/config.toml"),
        ] = None,
    ) -> None:
        terminal.json, terminal.quiet, terminal.profile_name = json, quiet, profile
        terminal.config = config or config_path()
        context.obj = terminal

    return settings
