"""`rogatory federation`: hold the ceremonies of the directory, offline; refresh a node's view of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli import ceremony, pairs
from client.cli.ceremony import (
    Country,
    DraftFile,
    Keys,
    OneKey,
    Output,
    Passphrase,
    Pin,
    Repository,
    held_in,
)
from client.cli.terminal import terminal_of
from client.errors import StateError, UsageError, VerificationFailedError
from client.federation import drafting, editing, folder, keyfiles, papers, telling
from client.sdk.session import connect
from shared.protocol.signingkeys import fingerprint

app = typer.Typer(no_args_is_help=True)
app.add_typer(pairs.app, name="pair", help="What two countries agree on: treaties and values.")


@app.command()
def key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose key it is: 'QM role 1', 'root 3'.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE")],
    passphrase_file: Passphrase = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="hsm:KEYID?label=LABEL", help="Take the key that a token has."),
    ] = None,
) -> None:
    """Draw a key, or take a token's; FILE.pub is for the others. Read its fingerprint to them."""
    terminal = terminal_of(context)
    if token is not None:
        made = keyfiles.of_token(name, token)
    else:
        secret = ceremony.ask_secret(passphrase_file, new=True)
        (made,) = keyfiles.draw([name], secret(name))
    keyfiles.write(output, made.to_bytes())
    keyfiles.write(Path(f"{output}.pub"), made.only_public())
    keyid = made.public.keyid
    terminal.answer({"name": name, "keyid": keyid}, [name, f"  {fingerprint(keyid)}"])


@app.command()
def init(  # noqa: PLR0913 - every seat is named
    context: typer.Context,
    repository: Repository,
    *,
    root_key: Keys = None,
    targets_key: Keys = None,
    snapshot_key: OneKey = None,
    timestamp_key: OneKey = None,
    output: Output,
) -> None:
    """Draft the first root (5 keys, 3 sign) and a list of no countries (3 keys, 2 sign)."""
    terminal = terminal_of(context)
    given = ceremony.seats(
        root=root_key, targets=targets_key, snapshot=snapshot_key, timestamp=timestamp_key
    )
    held = held_in(repository, None)
    seats = {role: given.get(role, []) for role in drafting.SEATS}
    ceremony.hand_on(terminal, drafting.begin(held, seats, ceremony.now(terminal)), held, output)


@app.command("rotate-root")
def rotate_root(  # noqa: PLR0913 - every seat is named
    context: typer.Context,
    repository: Repository,
    *,
    root_key: Keys = None,
    targets_key: Keys = None,
    snapshot_key: OneKey = None,
    timestamp_key: OneKey = None,
    output: Output,
    root: Pin = None,
) -> None:
    """Draft a root with other keys in the roles that are named: name all the keys that a role then has."""
    terminal = terminal_of(context)
    given = ceremony.seats(
        root=root_key, targets=targets_key, snapshot=snapshot_key, timestamp=timestamp_key
    )
    held = held_in(repository, root)
    ceremony.hand_on(terminal, drafting.rotate(held, given, ceremony.now(terminal)), held, output)


@app.command()
def join(  # noqa: PLR0913 - what a country joins with
    context: typer.Context,
    repository: Repository,
    document: Annotated[Path, typer.Argument(metavar="DOCUMENT", help="The member document.")],
    *,
    key: Annotated[list[Path], typer.Option(metavar="KEYFILE", help="A key of its role.")],
    threshold: Annotated[int, typer.Option(min=1, help="How many of them are to sign.")] = 1,
    output: Output,
    root: Pin = None,
) -> None:
    """Write a country's request to join; each of its keys must `sign` it, as proof that it is there."""
    terminal = terminal_of(context)
    if output.exists():
        raise UsageError(f"{output} exists and is not overwritten", code="exists")
    held, keys = held_in(repository, root), [keyfiles.read(each).public for each in key]
    content = ceremony.read_file(document).strip()
    request = drafting.ask(held, content, keys, threshold, ceremony.now(terminal))
    papers.write(output, papers.asking(request))
    ceremony.tell(terminal, papers.asking(request), held, file=str(output))


@app.command()
def admit(
    context: typer.Context,
    repository: Repository,
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="As `join` wrote it.")],
    *,
    output: Output,
    root: Pin = None,
) -> None:
    """Draft the list of countries with this one, after its proofs and its document were checked."""
    terminal = terminal_of(context)
    asked = papers.read(request).request
    if asked is None:
        raise UsageError(f"{request} is no request to join", code="bad_draft")
    held = held_in(repository, root)
    draft = drafting.admit(held, asked, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft, asked.draft], held, output)


@app.command()
def update(  # noqa: PLR0913 - what a country may change
    context: typer.Context,
    repository: Repository,
    country: Country,
    *,
    document: Annotated[Path | None, typer.Option(help="The whole new document.")] = None,
    closed: Annotated[Path | None, typer.Option(help="A log that has ended.")] = None,
    log: Annotated[Path | None, typer.Option(help="The log that is written from now on.")] = None,
    maintenance: Annotated[
        str | None,
        typer.Option(metavar="FROM/UNTIL", help="As 2027-01-31T22:00Z/2027-02-01T02:00Z, or none."),
    ] = None,
    note: Annotated[str, typer.Option(help="What the maintenance is for.")] = "maintenance",
    output: Output,
    root: Pin = None,
) -> None:
    """Draft a country's next member document."""
    terminal, held = terminal_of(context), held_in(repository, root)
    member = editing.whole(document, country) if document else editing.current(held, country)
    if closed is not None:
        member = editing.with_closed(member, closed)
    if log is not None:
        member = editing.with_log(member, log)
    if maintenance is not None:
        member = editing.with_maintenance(member, maintenance, note)
    draft = drafting.revise(held, member, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def suspend(
    context: typer.Context,
    repository: Repository,
    country: Country,
    *,
    reason: Annotated[str, typer.Option(help="Why, in a sentence that every member reads.")],
    output: Output,
    root: Pin = None,
) -> None:
    """Draft the suspension of a member, without its help; what was exchanged stays verifiable."""
    terminal, held = terminal_of(context), held_in(repository, root)
    draft = drafting.suspend(held, country, reason, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def resume(
    context: typer.Context,
    repository: Repository,
    country: Country,
    *,
    output: Output,
    root: Pin = None,
) -> None:
    """Draft the end of a suspension."""
    terminal, held = terminal_of(context), held_in(repository, root)
    draft = drafting.resume(held, country, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def expel(
    context: typer.Context,
    repository: Repository,
    country: Country,
    *,
    output: Output,
    root: Pin = None,
) -> None:
    """Draft a list of countries without this one: from then on its document counts for nothing."""
    terminal, held = terminal_of(context), held_in(repository, root)
    draft = drafting.expel(held, country, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def renew(
    context: typer.Context,
    repository: Repository,
    role: Annotated[str, typer.Argument(metavar="root|targets|CC")],
    *,
    output: Output,
    root: Pin = None,
) -> None:
    """Draft a role that says the same again, before the one in force ends."""
    terminal, held = terminal_of(context), held_in(repository, root)
    draft = drafting.renew(held, role, ceremony.now(terminal))
    ceremony.hand_on(terminal, [draft], held, output)


@app.command()
def sign(  # noqa: PLR0913 - what a signer needs to know
    context: typer.Context,
    repository: Repository,
    draft: DraftFile,
    *,
    key: Annotated[list[Path], typer.Option(metavar="KEYFILE", help="Yours.")],
    passphrase_file: Passphrase = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking.")] = False,
    root: Pin = None,
) -> None:
    """Show what a draft changes, and sign it; the same file goes on to the next hand."""
    terminal, held, paper = terminal_of(context), held_in(repository, root), papers.read(draft)
    for line in (line for each in paper.drafts for line in telling.changes(each, held)):
        terminal.say(line)
    if not yes:
        typer.confirm("Sign this?", abort=True, err=True)
    secret = ceremony.ask_secret(passphrase_file)
    signed = {role for each in key for role in paper.sign(keyfiles.read(each).open(secret), held)}
    if not signed:
        raise StateError("no key that was given has a seat in this draft", code="no_seat")
    papers.write(draft, paper)
    ceremony.tell(terminal, paper, held, signed=[*sorted(signed)])


@app.command()
def verify(
    context: typer.Context,
    repository: Repository,
    draft: Annotated[Path | None, typer.Argument(metavar="[DRAFT]")] = None,
    *,
    root: Pin = None,
) -> None:
    """Say what a draft changes and who has signed, or how the repository stands; exit code 3 if not good."""
    terminal, held = terminal_of(context), held_in(repository, root)
    if draft is not None:
        paper = papers.read(draft)
        ceremony.tell(terminal, paper, held)
        ceremony.check(paper, held)
        return
    lines, flaws = telling.standing(held, terminal.clock())
    terminal.answer({"lines": [*lines], "flaws": [*flaws]}, lines)
    if flaws:
        raise VerificationFailedError("; ".join(flaws), code="repository_not_good")


@app.command()
def publish(
    context: typer.Context, repository: Repository, draft: DraftFile, *, root: Pin = None
) -> None:
    """Add to the repository what enough have signed; the directory takes it up within 30 seconds."""
    terminal, paper = terminal_of(context), papers.read(draft)
    if paper.request is not None:
        raise UsageError(
            "a request is published with the draft that `admit` makes of it", code="bad_draft"
        )
    written = folder.publish(repository, paper.drafts, ceremony.pinned(root))
    names = [path.name for path in written]
    terminal.answer({"written": [*names]}, [f"published {name}" for name in names])


@app.command()
def refresh(context: typer.Context) -> None:
    """Have your node ask the directory now, and say how its view stands (a client with ops:health)."""
    terminal = terminal_of(context)
    found = connect(terminal.profile(), clock=terminal.clock).post("/v1/ops/directory/refresh")
    terminal.answer(found, telling.view(found))
