"""`kill -9` of any process at any moment: the case completes, nothing is lost or doubled.

Ten moments are drawn from a seed, which is printed; `make soak` takes more seeds than `make test`.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from typing_extensions import override

from deploy import evidence, workplace
from deploy.case import Case
from deploy.evidence import Stream
from deploy.lab import Lab

SEEDS = [
    pytest.param(1, id="seed-1"),
    *(pytest.param(seed, id=f"seed-{seed}", marks=pytest.mark.soak) for seed in range(2, 8)),
]
KILLS = 10
PATIENCE = 90.0  # seconds a desk goes on asking
LONGEST = 1500  # milliseconds between two kills

pytestmark = [pytest.mark.system, pytest.mark.timeout(560)]


class Reaper(Thread):
    """Kills and restarts services at drawn moments."""

    def __init__(self, lab: Lab, seed: int) -> None:
        super().__init__(name="reaper")
        self.lab, self.stream = lab, Stream(f"crashes {seed}")
        self.victims = [name for name in lab.services if "/" in name]
        self.done: list[str] = []
        self.ended = Event()
        self.error: BaseException | None = None

    @override
    def run(self) -> None:
        """Kill ten times, or until told to end."""
        try:
            while len(self.done) < KILLS and not self.ended.wait(self.stream.below(LONGEST) / 1000):
                victim = self.stream.choice(self.victims)
                self.lab.kill(victim)
                self.done.append(victim)
                self.lab.start(victim)
        except BaseException as error:  # noqa: BLE001 - told to the test, which fails by it
            self.error = error


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path / "lab") as lab:
        yield lab


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_ten_moments_the_case_completes(lab: Lab, seed: int, tmp_path: Path) -> None:
    case = workplace.open_case(lab, tmp_path / "desk", patience=PATIENCE)
    draft = workplace.write_draft(tmp_path)
    exhibits = evidence.exhibits(tmp_path, image_size=36 * 2**20)
    graph = tmp_path / "case.jsonld"
    graph.write_bytes(b'{"@graph":[]}')
    reaper = Reaper(lab, seed)
    reaper.start()
    packages: list[str] = []
    try:
        case.draft(str(draft))
        case.send_request()
        case.accept()
        # One package usually outlives ten kills; if the machine is quick, the next one does.
        while not packages or (reaper.is_alive() and len(packages) < KILLS):
            case.collect([str(path) for path in exhibits], str(graph))
            case.close()
            case.release()
            case.arrive()
            case.fetch(str(tmp_path / f"bag-{len(packages)}"))
            packages.append(case.package_id)
    finally:
        reaper.ended.set()
        reaper.join()
    sys.stdout.write(f"seed {seed}: killed {', '.join(reaper.done)}; {len(packages)} packages\n")
    assert reaper.error is None
    assert len(reaper.done) == KILLS
    assert_nothing_lost_or_doubled(lab, packages)
    assert_all_verifies(case, lab, tmp_path, len(packages))


def assert_nothing_lost_or_doubled(lab: Lab, packages: list[str]) -> None:
    """Both nodes hold the same entries, numbered without gap, one package entry a package."""
    held = {country: entries(lab, country) for country in ("QM", "QN")}
    assert held["QM"] == held["QN"]
    for channel in ("QM>QN", "QN>QM"):
        numbers = [row[1] for row in held["QM"] if row[0] == channel]
        assert numbers == list(range(len(numbers)))
    carried = [row[3] for row in held["QM"] if row[2] == "package"]
    assert carried == packages
    accepted = [row for row in held["QM"] if row[2] == "request"]
    assert len(accepted) == 1


def entries(lab: Lab, country: str) -> list[tuple[str, int, str, str | None, str]]:
    with closing(sqlite3.connect(lab.database(country, "exchange"))) as db:
        return db.execute(
            "SELECT channel, seq, type, transfer_id, hash FROM entry ORDER BY channel, epoch, seq"
        ).fetchall()


def assert_all_verifies(case: Case, lab: Lab, folder: Path, bags: int) -> None:
    root = ("--root", str(lab.root))
    for number in range(bags):
        bag = str(folder / f"bag-{number}")
        assert case.desks["QM-receiver"].run("verify", bag, *root)["verified"] is True
    mirrors = []
    for country in ("QM", "QN"):
        mirror = str(folder / f"mirror-{country}")
        desk = case.desks[f"{country}-oversight"]
        desk.run("audit", "pull", "--purpose", "after the crashes", "-o", mirror)
        mirrors.append(mirror)
    both = case.desks["QM-oversight"].run("audit", "verify", *mirrors, *root)
    assert both["verified"] is True
