"""Memory does not grow with the size of the evidence (invariant 7)."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import bench, evidence, workplace
from deploy.lab import Lab
from deploy.provenance import case_graph

SIZES = [
    pytest.param(192, id="192-MiB"),
    pytest.param(2048, id="2-GiB", marks=pytest.mark.soak),
]

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path / "lab") as lab:
        yield lab


@pytest.mark.parametrize("size", SIZES)
def test_large_file_arrives_and_no_process_grows(lab: Lab, size: int, tmp_path: Path) -> None:
    big = tmp_path / "image.dd"
    bench.write_big(big, size * bench.MIB)
    graph = tmp_path / "case.jsonld"
    graph.write_bytes(case_graph([big], seized=evidence.SEIZED))
    case = workplace.open_case(lab, tmp_path / "desk")
    bench.run(
        case,
        bench.Clock(),
        draft=workplace.write_draft(tmp_path),
        big=big,
        bag=tmp_path / "bag",
    )
    (arrived,) = (path for path in (tmp_path / "bag/data").rglob("*") if path.is_file())
    assert arrived.stat().st_size == size * bench.MIB
    peaks = bench.peaks(lab)
    sys.stdout.write(f"{peaks}\n")
    assert {name: peak for name, peak in peaks.items() if peak >= bench.MEMORY} == {}
