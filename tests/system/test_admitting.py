"""A client comes, is used, and is shut out, by the command line on a real node; its log tells who did it."""

import time
from pathlib import Path

import pytest

from client.clock import utc_now
from client.profiles import load
from client.sdk.session import Session, connect
from deploy import workplace
from deploy.desk import CommandError, Desk
from deploy.lab import Lab
from shared.protocol import leaves
from shared.protocol.canonical import unb64u

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ID = "urn:rogatory:QM:second-office"
ADD = ("--role", "preparer", "--scope", "requests:read", "--reason", "a second office joins")


def told(session: Session) -> dict[str, dict[str, str]]:
    """What the log says of the client: who did what, by type of event."""
    found: dict[str, dict[str, str]] = {}
    start = 0
    while True:
        page = session.get("/v1/audit/entries", **{"from": start})
        entries = page["entries"]
        assert isinstance(entries, list)
        if not entries:
            return found
        for each in entries:
            assert isinstance(each, dict)
            openings = each["openings"]
            assert isinstance(openings, list)
            pairs = [one for one in openings if isinstance(one, dict)]
            by = {str(one["name"]): str(one["value"]) for one in pairs}
            if by.get("subject") == ID:
                found[leaves.parse(unb64u(str(each["leaf"]))).type] = by
        start += len(entries)


def test_two_officers_admit_and_one_shuts_out(lab: Lab, tmp_path: Path) -> None:
    names = ("ops", "registrar", "oversight", "preparer")
    desks = workplace.open_desks(lab, tmp_path / "desks", clients=names)
    ops, registrar = desks["QM-ops"], desks["QM-registrar"]
    key, dpop = tmp_path / "office.jwk", tmp_path / "dpop.jwk"
    kid = str(ops.ask("client", "new-key", "-o", str(key))["kid"])
    ops.ask("client", "new-key", "-o", str(dpop))
    asked = ops.ask("client", "propose", "add", ID, *ADD, "--key", f"{key}.pub")
    with pytest.raises(CommandError) as refused:
        ops.ask("client", "approve", str(asked["proposal_id"]), "--thumbprint", kid)
    assert refused.value.exit_code == 4
    registrar.ask("client", "approve", str(asked["proposal_id"]), "--thumbprint", kid)

    office = sit_down(desks["QM-preparer"], lab, key, dpop)
    assert office.ask("request", "list")["requests"] is not None
    registrar.ask("client", "suspend", ID, "--reason", "it moved")
    with pytest.raises(CommandError) as refused:
        office.ask("request", "list")
    assert refused.value.exit_code == 4

    profile = load(Path(desks["QM-oversight"].config), "QM-oversight")
    session = connect(profile, clock=utc_now, purpose="a test")
    deadline = time.monotonic() + 60
    while "client.suspended" not in (seen := told(session)):
        assert time.monotonic() < deadline  # it is shown once it is witnessed
        time.sleep(0.5)
    assert seen["client.proposed"]["officer"] == "QM-ops"
    assert seen["client.approved"]["officer"] == "QM-registrar"
    assert seen["client.approved"]["keys"] == kid
    assert seen["client.suspended"]["officer"] == "QM-registrar"


def sit_down(like: Desk, lab: Lab, key: Path, dpop: Path) -> Desk:
    """Log the new client in, at the same gateway."""
    profile = load(Path(like.config), like.profile)
    office = Desk(
        command=like.command,
        environment=like.environment,
        config=like.config,
        profile="second-office",
        watch=like.watch,
    )
    parts = {
        "--gateway": profile.gateway,
        "--ca": str(profile.ca),
        "--client-id": ID,
        "--key": str(key),
        "--dpop-key": str(dpop),
        "--officer": "Q. Second",
        "--root": str(lab.root),
    }
    office.ask("login", *(word for pair in parts.items() for word in pair))
    return office
