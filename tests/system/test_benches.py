"""The benchmarks run: what they measure is theirs to say, that they still measure is shown here."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from deploy import bench_gateway

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


def test_the_gateway_is_measured(tmp_path: Path) -> None:
    told = Console(file=io.StringIO(), width=120)
    with bench_gateway.staged(tmp_path) as stage:
        bench_gateway.content(stage, told, 64 * 2**20)
    assert isinstance(told.file, io.StringIO)
    rows = [line.split("│") for line in told.file.getvalue().splitlines() if "│" in line]
    assert [row[1].strip() for row in rows] == ["up", "down"]
    assert all(float(row[2]) > 0 and float(row[4]) > 0 for row in rows)
