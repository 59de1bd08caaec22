"""`rogatory client …`: who may call the node. One officer proposes, another one approves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from client.cli.terminal import Terminal, terminal_of
from client.errors import UsageError
from client.sdk import clients
from client.sdk.clients import Proposal, Registered
from client.sdk.session import Session, connect
from shared.protocol.canonical import Json

YEAR: Final = 365  # days
ClientId = Annotated[str, typer.Argument(metavar="CLIENT", help="urn:rogatory:COUNTRY:NAME")]
ProposalId = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The proposal's id.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the proposal.")]
Keys = Annotated[
    list[Path] | None, typer.Option("--key", metavar="FILE", help="Public key: new-key's ….pub")
]
Overlap = Annotated[
    int | None,
    typer.Option(
        metavar="DAYS", help="How long the old keys still count; 0: they are stolen. Default 7."
    ),
]

app = typer.Typer(no_args_is_help=True)


def new_key(
    context: typer.Context,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Private key.")],
    days: Annotated[int, typer.Option(min=1, max=YEAR, help="How long it is to count.")] = YEAR,
) -> None:
    """Draw a key pair for a client; read the thumbprint out to who approves it.

    FILE holds the private key and stays with its owner, FILE.pub is what is proposed.
    """
    terminal = terminal_of(context)
    public = clients.draw_key(output, life=timedelta(days=days), now=terminal.clock())
    kid = str(public["kid"])
    told: dict[str, Json] = {"key": str(output), "public": f"{output}.pub", "kid": kid}
    terminal.answer(told, [f"{output} and {output}.pub written", f"thumbprint {_aloud(kid)}"])


def propose(  # noqa: PLR0913 - what a proposal says
    context: typer.Context,
    act: Annotated[str, typer.Argument(help="add, rotate, scopes, resume, retire or suspend.")],
    client: ClientId,
    *,
    reason: Reason,
    role: Annotated[str | None, typer.Option(help="With add.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="With add or scopes; repeatable.")] = None,
    key: Keys = None,
    overlap: Overlap = None,
) -> None:
    """Propose something about a client (operators); the registrar's other officer approves it."""
    terminal = terminal_of(context)
    proposal = clients.propose(
        _session(terminal),
        act=act,
        client_id=client,
        reason=reason,
        role=role,
        scopes=scope or [],
        keys=[clients.read_public(each) for each in key or []],
        overlap=None if overlap is None else timedelta(days=overlap),
    )
    _tell(terminal, proposal)


def rotate(
    context: typer.Context,
    client: Annotated[
        str | None, typer.Argument(metavar="[CLIENT]", help="Default: the one that calls.")
    ] = None,
    *,
    key: Annotated[list[Path], typer.Option("--key", metavar="FILE", help="new-key's ….pub")],
    reason: Reason = "rotation",
    overlap: Overlap = None,
) -> None:
    """Propose new keys, for the client of your own profile or (operators) for another."""
    terminal = terminal_of(context)
    keys = [clients.read_public(each) for each in key]
    kept = None if overlap is None else timedelta(days=overlap)
    session = _session(terminal)
    if client is None:
        proposal = clients.propose_own_keys(session, keys=keys, reason=reason, overlap=kept)
    else:
        proposal = clients.propose(
            session, act="rotate", client_id=client, reason=reason, keys=keys, overlap=kept
        )
    _tell(terminal, proposal)


def suspend(context: typer.Context, client: ClientId, *, reason: Reason) -> None:
    """Shut a client out, from its next call on (operators or registrar, alone)."""
    _propose_plainly(context, "suspend", client, reason)


def resume(context: typer.Context, client: ClientId, *, reason: Reason) -> None:
    """Propose that a suspended client is let in again (operators)."""
    _propose_plainly(context, "resume", client, reason)


def approve(
    context: typer.Context,
    proposal: ProposalId,
    *,
    thumbprint: Annotated[
        list[str] | None,
        typer.Option(help="Of each new key, as its owner read it out; repeatable."),
    ] = None,
) -> None:
    """Approve a proposal as a second officer, which does it (registrar)."""
    terminal = terminal_of(context)
    session = _session(terminal)
    found = clients.find_proposal(session, proposal)
    _check_thumbprints(found, thumbprint or [])
    terminal.say(f"approving: {_line(found)}")
    _tell(terminal, clients.approve(session, found))


def reject(context: typer.Context, proposal: ProposalId, *, reason: Reason) -> None:
    """Reject a proposal (registrar)."""
    terminal = terminal_of(context)
    _tell(terminal, clients.reject(_session(terminal), proposal, reason=reason))


def list_all(
    context: typer.Context,
    *,
    proposals: Annotated[bool, typer.Option("--proposals", help="What was proposed.")] = False,
) -> None:
    """List clients, or what was proposed about them (operators, registrar)."""
    terminal = terminal_of(context)
    session = _session(terminal)
    if proposals:
        made = clients.find_proposals(session)
        rows: list[Json] = [each.told for each in made]
        terminal.answer({"proposals": rows}, map(_line, made))
        return
    found = clients.find_clients(session)
    rows = [each.told for each in found]
    terminal.answer({"clients": rows}, map(_client_line, found))


def show(
    context: typer.Context,
    client: Annotated[
        str | None, typer.Argument(metavar="[CLIENT]", help="Default: the one that calls.")
    ] = None,
) -> None:
    """Show the client of your profile, or (operators, registrar) another and all that was proposed of it."""
    terminal = terminal_of(context)
    session = _session(terminal)
    found = clients.find_client(session, client) if client else clients.find_self(session)
    lines = [_client_line(found), *(f"  key {_aloud(kid)}" for kid in found.kids)]
    terminal.answer(found.told, [*lines, *(f"  {_line(each)}" for each in found.history)])


def _propose_plainly(context: typer.Context, act: str, client: str, reason: str) -> None:
    terminal = terminal_of(context)
    session = _session(terminal)
    _tell(terminal, clients.propose(session, act=act, client_id=client, reason=reason))


def _check_thumbprints(proposal: Proposal, given: list[str]) -> None:
    """What is approved is the key that its owner has, not the one that somebody proposed."""
    heard = {each.replace(" ", "") for each in given}
    if heard != set(proposal.kids):
        raise UsageError(
            f"the proposal's new keys are {', '.join(map(_aloud, proposal.kids)) or 'none'};"
            f" heard were {', '.join(map(_aloud, sorted(heard))) or 'none'}",
            code="thumbprint",
            next_step="have the owner of each key read its thumbprint out, and give it with --thumbprint",
        )


def _session(terminal: Terminal) -> Session:
    return connect(terminal.profile(), clock=terminal.clock)


def _tell(terminal: Terminal, proposal: Proposal) -> None:
    lines = [_line(proposal), *(f"  key {_aloud(kid)}" for kid in proposal.kids)]
    terminal.answer(proposal.told, lines)


def _line(proposal: Proposal) -> str:
    what = f"{proposal.act} {proposal.client_id}: {proposal.status}"
    return f"{proposal.proposal_id}  {what}  ({proposal.reason}; by {proposal.officer})"


def _client_line(client: Registered) -> str:
    return f"{client.client_id}  {client.role}  {client.status}  {' '.join(client.scopes)}"


def _aloud(kid: str) -> str:
    """Part a thumbprint into groups, as it is read out."""
    return " ".join(kid[at : at + 4] for at in range(0, len(kid), 4))


app.command("new-key")(new_key)
app.command("propose")(propose)
app.command("rotate")(rotate)
app.command("approve")(approve)
app.command("reject")(reject)
app.command("suspend")(suspend)
app.command("resume")(resume)
app.command("list")(list_all)
app.command("show")(show)
