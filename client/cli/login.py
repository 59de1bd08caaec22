"""`rogatory login`: write a profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client.cli.terminal import Terminal, terminal_of
from client.errors import UsageError
from client.profiles import Profile, load, read_lab, save


def login(  # noqa: PLR0913 - a profile has these parts
    context: typer.Context,
    *,
    gateway: Annotated[str | None, typer.Option(help="https://host[:port]")] = None,
    ca: Annotated[Path | None, typer.Option(help="Certificates to trust (PEM).")] = None,
    client_id: Annotated[str | None, typer.Option(help="As registered.")] = None,
    key: Annotated[Path | None, typer.Option(help="Private JWK of the client.")] = None,
    dpop_key: Annotated[Path | None, typer.Option(help="Private JWK for proofs.")] = None,
    officer: Annotated[str | None, typer.Option(help="Your name in the registry.")] = None,
    officer_key: Annotated[Path | None, typer.Option(help="Your key for approvals.")] = None,
    root: Annotated[Path | None, typer.Option(help="Pinned root of the directory.")] = None,
    from_lab: Annotated[Path | None, typer.Option(help="lab.json that `make lab` wrote.")] = None,
    node: Annotated[str | None, typer.Option(help="With --from-lab: the country.")] = None,
    client: Annotated[str | None, typer.Option(help="With --from-lab: the client.")] = None,
) -> None:
    """Make a profile and make it the default; its name is --profile, or NODE-CLIENT from a lab."""
    terminal = terminal_of(context)
    if from_lab is not None:
        if node is None or client is None:
            raise UsageError("--from-lab needs --node and --client", code="incomplete")
        profile = read_lab(from_lab, node, client, name=terminal.profile_name)
    elif gateway and ca and client_id and key and dpop_key:
        profile = Profile(
            name=terminal.profile_name or "default",
            gateway=gateway,
            ca=ca.absolute(),
            client_id=client_id,
            key=key.absolute(),
            dpop_key=dpop_key.absolute(),
            officer=officer,
            officer_key=officer_key.absolute() if officer_key else None,
            root=root.absolute() if root else None,
        )
    else:
        raise UsageError(
            "a profile needs --gateway, --ca, --client-id, --key and --dpop-key",
            code="incomplete",
            next_step="or take one from a laboratory: --from-lab lab.json --node QM --client preparer",
        )
    save(terminal.config, profile)
    _tell(terminal, load(terminal.config, profile.name))


def _tell(terminal: Terminal, profile: Profile) -> None:
    told = {"profile": profile.name, "gateway": profile.gateway, "client_id": profile.client_id}
    written = f"profile {profile.name} ({profile.client_id}) written to {terminal.config}"
    terminal.answer({**told, "config": str(terminal.config)}, [written])


COMMANDS = {"login": login}
