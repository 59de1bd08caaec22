"""Who runs a log has it inspected; who protects personal data has a case erased: on a real node."""

import time
from pathlib import Path

import pytest

from deploy import workplace
from deploy.case import Case
from deploy.desk import Desk
from deploy.lab import Lab
from shared.protocol.canonical import Json

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


def shown(overseer: Desk, case: str) -> list[Json]:
    """Where the entries of a case stand, as the node shows and proves them."""
    told = overseer.ask("audit", "show", "--case", case, "--purpose", "a test")
    assert isinstance(told["events"], list)
    return [each["index"] for each in told["events"] if isinstance(each, dict)]


def test_a_case_is_erased_and_the_log_is_whole(case: Case, lab: Lab, tmp_path: Path) -> None:
    clients = ("ops", "protection", "oversight")
    desks = workplace.open_desks(lab, tmp_path / "offices", clients=clients)
    whole = desks["QM-ops"].ask("audit", "fsck")
    assert (whole["state"], whole["bad"]) == ("clean", None)
    erase = ("audit", "erase", case.request_id, "--ground", "retention-ended", "--yes")
    done = desks["QM-protection"].ask(*erase)
    assert isinstance(done["openings"], int)
    assert done["openings"] > 0
    deadline = time.monotonic() + 60
    while done["index"] not in shown(desks["QM-oversight"], case.request_id):
        assert time.monotonic() < deadline  # it is shown once it is witnessed
        time.sleep(0.5)
    again = desks["QM-ops"].ask("audit", "fsck")
    assert again["state"] == "clean"
    assert again["run_id"] != whole["run_id"]
