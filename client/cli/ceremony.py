"""What the commands of the ceremonies have in common: options, secrets, and how a draft is handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import Key

from client.cli.terminal import Terminal
from client.errors import UsageError, unreadable
from client.federation import folder, keyfiles, papers, telling
from client.federation.folder import Held
from client.federation.papers import Paper
from shared.protocol.canonical import Json
from shared.protocol.drafts import Draft

Repository = Annotated[
    Path, typer.Argument(metavar="REPOSITORY", help="A copy of the directory's folder.")
]
DraftFile = Annotated[Path, typer.Argument(metavar="DRAFT", help="The file that is handed on.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The draft to write.")]
Country = Annotated[str, typer.Argument(metavar="CC", help="The member's country.")]
Keys = Annotated[list[Path] | None, typer.Option(metavar="KEYFILE", help="Once for each key.")]
OneKey = Annotated[Path | None, typer.Option(metavar="KEYFILE")]
Passphrase = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The passphrase; asked for by default.")
]
Pin = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="ROOT",
        envvar="ROGATORY_ROOT",
        help="A root you trust; the repository must lead to it.",
    ),
]


def now(terminal: Terminal) -> datetime:
    """Give the time in whole seconds, as TUF writes it."""
    return terminal.clock().replace(microsecond=0)


def held_in(repository: Path, root: Path | None) -> Held:
    """Read what holds in a repository, from the pinned root if one is named."""
    return folder.read_held(repository, pinned(root))


def pinned(root: Path | None) -> bytes | None:
    """Read the pinned root, if one is named."""
    return None if root is None else read_file(root)


def read_file(path: Path) -> bytes:
    """Read a file that was named.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def seats(**named: list[Path] | Path | None) -> dict[str, list[Key]]:
    """Read the public keys that were named for each role of the root; roles without are left out."""
    given = {
        role: [found] if isinstance(found, Path) else list(found)
        for role, found in named.items()
        if found
    }
    return {role: [keyfiles.read(path).public for path in each] for role, each in given.items()}


def ask_secret(passphrase_file: Path | None, *, new: bool = False) -> keyfiles.Secret:
    """Ask for passphrases, unless a file has it."""

    def ask(name: str) -> str:
        if passphrase_file is not None:
            return read_file(passphrase_file).decode().strip()
        text = typer.prompt(
            f"Passphrase of {name}", hide_input=True, confirmation_prompt=new, err=True
        )
        return str(text)

    return ask


def hand_on(terminal: Terminal, drafts: Sequence[Draft], held: Held, output: Path) -> None:
    """Write drafts as one new file, and say what they change and who is to sign."""
    if output.exists():
        raise UsageError(f"{output} exists and is not overwritten", code="exists")
    paper = papers.of(drafts)
    papers.write(output, paper)
    tell(terminal, paper, held, file=str(output))


def tell(terminal: Terminal, paper: Paper, held: Held, **more: Json) -> None:
    """Say what a paper changes and who has signed."""
    told: list[Json] = [
        telling.told(draft, held, paper.ground(draft, held)) for draft in grounded(paper)
    ]
    lines = [line for each in grounded(paper) for line in _lines(each, paper, held)]
    if paper.request is not None:
        lines += telling.request(paper.request)
    terminal.answer({"drafts": told, **more}, lines)


def grounded(paper: Paper) -> Sequence[Draft]:
    """Give the drafts whose signers the repository names; those of a request name themselves."""
    return paper.drafts if paper.request is None else ()


def _lines(draft: Draft, paper: Paper, held: Held) -> Iterator[str]:
    yield from telling.changes(draft, held)
    yield from telling.signatures(draft, paper.ground(draft, held))


def check(paper: Paper, held: Held) -> None:
    """Check that a paper could be published now.

    Raises:
        ProtocolError: too few have signed, or it does not follow what holds.
    """
    if paper.request is not None:
        paper.request.check()
    for draft in grounded(paper):
        folder.check_publishable(draft, paper.ground(draft, held))
