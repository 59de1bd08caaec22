"""The attacks of the table that need whole nodes; and what operators see when a peer is away."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.lab import Lab
from deploy.processes import SOURCE
from tests.attacks.laboratory import Nodes
from tests.attacks.nodes import ROWS
from tests.attacks.table import Attack

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def nodes(lab: Lab) -> Nodes:
    return Nodes.of(lab)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_attack(nodes: Nodes, row: Attack[Nodes]) -> None:
    assert row.act(nodes) == row.expected


def doctor(lab: Lab, folder: Path, wait: float) -> tuple[int, dict[str, dict[str, Any]]]:
    config = folder / "config.toml"
    client = (sys.executable, "-m", "client", "--config", str(config), "--json")
    environment = {"PATH": os.defpath, "PYTHONPATH": str(SOURCE), "HOME": str(folder)}
    login = ("login", "--from-lab", str(lab.description), "--node", "QM", "--client", "ops")

    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - our own program
            [*client, *words], env=environment, capture_output=True, check=False
        )

    assert run(*login).returncode == 0
    done = run("doctor", "--wait", str(wait))
    told = json.loads(done.stdout)  # noqa: TID251 - as another program reads it
    return done.returncode, {each["name"]: each for each in told["findings"]}


def test_the_doctor_finds_two_nodes_well_and_a_peer_that_is_away(lab: Lab, tmp_path: Path) -> None:
    code, found = doctor(lab, tmp_path, 30)
    assert code == 0, found
    assert found["peer QN selftest"]["result"] == "ok"
    assert {each["result"] for each in found.values()} <= {"ok", "WARN"}
    lab.kill("QN/gateway")
    try:
        code, found = doctor(lab, tmp_path, 0)
        assert (code, found["peer QN tcp"]["result"]) == (7, "FAILED")
        assert found["peer QN dns"]["result"] == "ok"
        assert "peer QN tls" not in found
    finally:
        lab.start("QN/gateway")
