"""An overseer's monitor and exports, against a real node: from its watch to a court's bare Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import evidence
from deploy.case import Case
from deploy.lab import Lab
from tests.system.test_case import carry

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


def bare(export: Path, root: Path) -> str:
    """What the export's own verifier says, by Python alone."""
    command = [sys.executable, "-I", "-S", str(export / "verify.py"), "--root", str(root)]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_log_is_watched_and_handed_over(case: Case, lab: Lab, tmp_path: Path) -> None:
    exhibit = tmp_path / "report.pdf"
    evidence.examiner_report(exhibit)
    carry(case, [exhibit], tmp_path)
    overseer, mirror, root = case.desks["QM-oversight"], str(tmp_path / "mirror"), str(lab.root)
    reading = ("--purpose", "standing watch", "--root", root)
    for _ in range(2):
        seen = overseer.run("audit", "watch", "-o", mirror, *reading, "--rounds", "1")
        assert (seen["audited"], seen["alarms"]) == (True, [])
    assert overseer.run("audit", "verify", mirror, "--root", root)["verified"] is True

    handed = ("audit", "export", "-d", mirror, *reading)
    overseer.run(*handed, "-o", str(tmp_path / "whole"))
    said = bare(tmp_path / "whole", lab.root)
    assert "the quorum of the log's policy has cosigned it (Ed25519): QN-1" in said
    assert (
        overseer.run("audit", "verify", str(tmp_path / "whole"), "--root", root)["verified"] is True
    )

    one = ("--case", case.request_id, "--openings")
    overseer.run(*handed, *one, "-o", str(tmp_path / "one"))
    said = bare(tmp_path / "one", lab.root)
    assert "ok      each entry of the case stands in the signed tree" in said
    assert "ok      the entries commit to what is opened" in said
