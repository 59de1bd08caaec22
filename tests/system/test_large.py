"""Memory does not grow with the size of the evidence (invariant 7)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZES = [
    pytest.param(192, id="192-MiB"),
    pytest.param(2048, id="2-GiB", marks=pytest.mark.soak),
]

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


@pytest.mark.parametrize("size", SIZES)
def test_large_file_arrives_and_no_process_grows(size: int) -> None:
    """The measurement exits 1 if the file arrives changed, or a process takes 250 MB."""
    command = [sys.executable, "-m", "deploy.bench", str(size)]
    measured = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert "peak MB" in measured.stdout
