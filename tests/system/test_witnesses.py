"""Two countries whose logs witness each other: what happens while one of them is away."""

import time
from collections.abc import Callable, Mapping

import pytest

from client import profiles
from client.sdk.session import Session, connect
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
