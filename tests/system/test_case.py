"""The case end to end, by the command line, between two real nodes."""

import hashlib
from pathlib import Path

import pytest

from deploy import evidence
from deploy.case import Case
from deploy.lab import Lab
from deploy.provenance import case_graph

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

SHARED = Path(__file__).resolve().parents[3] / "shared/data"


def carry(case: Case, files: list[Path], folder: Path) -> Path:
    """Send files from QN to QM; return the bag."""
    graph = folder / "case.jsonld"
    graph.write_bytes(case_graph(files[:1], seized=evidence.SEIZED))
    case.collect([str(file) for file in files], str(graph))
    case.close()
    case.release()
    case.arrive()
    case.fetch(str(folder / "bag"))
    return folder / "bag"


def digests(paths: list[Path]) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def payload(bag: Path) -> list[Path]:
    return [path for path in (bag / "data").rglob("*") if path.is_file()]


def test_exhibits_arrive_as_they_were_and_verify_offline(
    case: Case, lab: Lab, tmp_path: Path
) -> None:
    exhibits = evidence.exhibits(tmp_path, image_size=20 * 2**20)  # two segments
    bag = carry(case, exhibits, tmp_path)
    assert digests(payload(bag)) == digests(exhibits)
    answer = case.desks["QM-receiver"].run("verify", str(bag), "--root", str(lab.root))
    assert answer["verified"] is True


def test_logs_of_both_countries_agree(case: Case, lab: Lab, tmp_path: Path) -> None:
    exhibit = tmp_path / "report.pdf"
    evidence.examiner_report(exhibit)
    carry(case, [exhibit], tmp_path)
    assert_logs_agree(case, lab, tmp_path)


def assert_logs_agree(case: Case, lab: Lab, folder: Path) -> None:
    mirrors = []
    for country in ("QM", "QN"):
        mirror = str(folder / f"mirror-{country}")
        desk = case.desks[f"{country}-oversight"]
        desk.run("audit", "pull", "--purpose", "test of the whole", "-o", mirror)
        answer = desk.run("audit", "verify", mirror, "--root", str(lab.root))
        assert answer["verified"] is True
        mirrors.append(mirror)
    both = case.desks["QM-oversight"].run("audit", "verify", *mirrors, "--root", str(lab.root))
    assert both["verified"] is True


def test_empty_file_is_evidence_too(case: Case, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    bag = carry(case, [empty], tmp_path)
    assert digests(payload(bag)) == digests([empty])


@pytest.mark.skipif(not SHARED.exists(), reason="the real evidence in ../shared/data is not here")
def test_real_evidence_arrives_with_the_digests_of_its_list(case: Case, tmp_path: Path) -> None:
    listed = [line.split(maxsplit=1) for line in (SHARED / "SHA256SUMS").read_text().splitlines()]
    files = [SHARED / name for _, name in listed]
    bag = carry(case, files, tmp_path)
    assert digests(payload(bag)) == sorted(digest for digest, _ in listed)
