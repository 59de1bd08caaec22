"""Two holders suspend a country while it works: nothing new passes, nothing old is lost, and it goes on."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.cli import run
from deploy import workplace
from deploy.case import ASSESSED, Case
from deploy.desk import CommandError
from deploy.lab import Lab

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path / "lab") as lab:
        yield lab


def decide(lab: Lab, name: str, *words: str) -> None:
    """Have two of the three targets holders sign, and publish."""
    home, draft = lab.folder / "ceremony/directory", lab.folder / f"{name}.draft"
    repository = str(lab.folder / "directory/repository")
    keys = [word for n in (1, 3) for word in ("--key", str(home / f"targets-{n}.key"))]
    secret = ("--passphrase-file", str(home / "passphrase"), "--yes")
    pin = ("--root", str(lab.root))
    for command in (
        (name, repository, "QN", *words, "-o", str(draft), *pin),
        ("sign", repository, str(draft), *keys, *secret, *pin),
        ("verify", repository, str(draft), *pin),
        ("publish", repository, str(draft), *pin),
    ):
        assert run(["--quiet", "federation", *command]) == 0


def refreshed(case: Case, status: str) -> None:
    """Refresh both nodes at once, as soon as the directory has taken it up."""
    for node in ("QM-ops", "QN-ops"):
        for _ in range(60):
            told = case.desks[node].ask("federation", "refresh")
            if told["members"] == {"QM": "active", "QN": status}:
                break
            time.sleep(1)
        else:
            pytest.fail(f"{node} did not hear of it within a minute")


def test_a_country_is_suspended_at_work_and_goes_on_afterwards(lab: Lab, tmp_path: Path) -> None:
    clients = [*workplace.CLIENTS, "ops"]
    case = Case(desks=workplace.open_desks(lab, tmp_path / "desk", clients=clients))
    case.draft(str(workplace.write_draft(tmp_path)))
    decide(lab, "suspend", "--reason", "a key of the gateway in foreign hands")
    refreshed(case, "suspended")
    approve = ("request", "approve", case.request_id, "--assessment", ASSESSED)
    case.reach(case.desks["QM-approver"], "S03", *approve)
    with contextlib.suppress(CommandError):  # refused at once, or it waits at our gateway
        case.desks["QM-approver"].ask("request", "send", case.request_id, "--wait", "5")
    time.sleep(5)
    state = case.desks["QM-preparer"].ask("request", "show", case.request_id)["state"]
    assert state in {"S03", "S04"}
    assert case.desks["QN-preparer"].ask("request", "list")["requests"] == []
    health = case.desks["QN-ops"].ask("federation", "refresh")
    assert health["level"] == "red"  # QN is told that nobody serves it
    decide(lab, "resume")
    refreshed(case, "active")
    if state == "S03":
        case.desks["QM-approver"].ask("request", "send", case.request_id)
    case.wait(case.desks["QM-preparer"], "request", case.request_id, "S05")
    case.accept()


def test_a_country_is_served_by_its_peers_while_the_directory_is_down(
    lab: Lab, tmp_path: Path
) -> None:
    case = Case(desks=workplace.open_desks(lab, tmp_path / "desk", clients=["ops"]))
    lab.kill("directory")
    lab.stop("QM/gateway")
    lab.start("QM/gateway")
    told = case.desks["QM-ops"].ask("federation", "refresh")
    assert (told["state"], told["level"], told["source"]) == ("ok", "yellow", "QN")
    lab.start("directory")
    told = case.desks["QM-ops"].ask("federation", "refresh")
    assert (told["level"], told["source"]) == ("green", "directory")
