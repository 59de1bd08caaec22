"""Two countries whose logs witness each other: what happens while one of them is away."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from client import profiles
from client.errors import UnavailableError
from client.sdk.session import Session, connect
from deploy import processes
from deploy.lab import Lab
from shared.protocol.canonical import Json
from shared.runtime.clock import utc_now

PATIENCE = 60.0  # seconds; a pause after failures is half of it at most

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def stages(ops: Session) -> Mapping[str, Json]:
    return ops.get("/v1/ops/log")


def size(found: Mapping[str, Json], stage: str) -> int:
    known = found["stages"]
    assert isinstance(known, dict)
    reached = known[stage]
    assert isinstance(reached, dict)
    assert isinstance(reached["size"], int)
    return reached["size"]


def said(found: Mapping[str, Json]) -> list[Json]:
    witnesses = found["witnesses"]
    assert isinstance(witnesses, list)
    return [each["outcome"] for each in witnesses if isinstance(each, dict)]


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def restart_unready(lab: Lab, name: str) -> None:
    """Start a service that will not say that it is ready."""
    lab.started[name] = processes.start(lab.services[name])


def session(lab: Lab, client: str) -> Session:
    return connect(profiles.read_lab(lab.description, "QM", client), clock=utc_now)


def test_a_log_goes_on_unseen_while_its_witness_is_away(lab: Lab) -> None:
    ops, overseer = session(lab, "ops"), session(lab, "oversight")
    overseer.purpose = "a test of witnesses"
    eventually(lambda: size(stages(ops), "published") == size(stages(ops), "integrated"))
    assert said(stages(ops)) == ["cosigned"]
    before = size(stages(ops), "published")
    lab.stop("QN/audit")
    try:
        overseer.get("/v1/audit/key")  # an access is an entry
        eventually(lambda: size(stages(ops), "signed") > before)
        eventually(lambda: said(stages(ops)) != ["cosigned"])
        assert size(stages(ops), "published") == before
    finally:
        lab.start("QN/audit")
    eventually(lambda: size(stages(ops), "published") > before)


@pytest.mark.soak
def test_f15_a_node_restored_as_a_whole_is_told_by_its_witness(tmp_path: Path) -> None:
    with Lab(tmp_path / "lab") as lab:
        ops, overseer = session(lab, "ops"), session(lab, "oversight")
        overseer.purpose = "a test of witnesses"
        overseer.get("/v1/audit/key")
        eventually(lambda: size(stages(ops), "published") == size(stages(ops), "integrated"))
        home = lab.database("QM", "audit").parent
        lab.stop("QM/audit")
        shutil.copytree(home, tmp_path / "backup")
        lab.start("QM/audit")
        before = size(stages(ops), "published")
        for _ in range(3):
            overseer.get("/v1/audit/key")
        eventually(lambda: size(stages(ops), "published") >= before + 3)
        lab.stop("QM/audit")
        shutil.rmtree(home)
        shutil.copytree(tmp_path / "backup", home)
        restart_unready(lab, "QM/audit")
        eventually(lambda: _alarm(ops) == "other_history")
        assert size(stages(ops), "signed") == before


def _alarm(ops: Session) -> Json:
    try:
        alarm = stages(ops)["alarm"]
    except UnavailableError:
        return None  # it is still starting
    return alarm["code"] if isinstance(alarm, dict) else None
