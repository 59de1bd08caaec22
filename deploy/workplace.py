"""The desks of both countries in front of a laboratory: each client logged in, ready to be used."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.case import Case
from deploy.case_draft import DRAFT
from deploy.desk import Desk
from deploy.lab import Lab
from deploy.processes import SOURCE
from shared.protocol import canonical

CLIENTS = ("preparer", "approver", "privilege", "receiver", "oversight")


def _unwatched(_line: str) -> None:
    pass


def open_desks(
    lab: Lab,
    folder: Path,
    *,
    clients: Sequence[str] = CLIENTS,
    watch: Callable[[str], None] = _unwatched,
) -> dict[str, Desk]:
    """Log every client of a laboratory in.

    Args:
        lab: it must have described itself (`lab.json`).
        folder: for the profiles; made if need be.
        clients: which of each node.
        watch: is told every command that the desks run.

    Returns:
        A desk by profile: "QM-preparer", …
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = str(folder / "config.toml")
    login = ("login", "--from-lab")
    desks = {}
    for node in lab.federation.nodes:
        for client in clients:
            desk = Desk(
                command=(sys.executable, "-m", "client"),
                environment={
                    "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONPATH": str(SOURCE)
                },
                config=config,
                profile=f"{node.country}-{client}",
                watch=watch,
            )  # fmt: skip
            desk.ask(*login, str(lab.description), "--node", node.country, "--client", client)
            desks[desk.profile] = desk
    return desks


def open_case(
    lab: Lab, folder: Path, *, patience: float = 0.0, watch: Callable[[str], None] = _unwatched
) -> Case:
    """Open the desks of a laboratory for a new case."""
    return Case(desks=open_desks(lab, folder, watch=watch), patience=patience)


def write_draft(folder: Path) -> Path:
    """Write the draft of the request to a file, as a case system would hand it over."""
    path = folder / "request.json"
    path.write_bytes(canonical.encode(DRAFT))
    return path
