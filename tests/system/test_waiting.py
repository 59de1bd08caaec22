"""A log that is away makes everybody wait, and nobody lose anything."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from deploy import workplace
from deploy.lab import Lab

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


def test_67_a_clerk_waits_for_a_log_that_is_away(lab: Lab, tmp_path: Path) -> None:
    desk = workplace.open_desks(lab, tmp_path / "desk", clients=["preparer"])["QM-preparer"]
    draft = str(workplace.write_draft(tmp_path))
    lab.kill("QM/audit")
    with ThreadPoolExecutor(1) as pool:
        try:
            sleep(1.5)  # longer than the gateway believes what it knows of the log
            drafted = pool.submit(desk.ask, "request", "new", draft)
            sleep(4)
            waits = not drafted.done()
            others = desk.ask("request", "list")
        finally:
            lab.start("QM/audit")
        request = drafted.result()
    assert waits
    assert "requests" in others  # what needs no log goes on
    assert request["request_id"]
