"""`rogatory audit report`, `ask`, `misuse`: an overseer's numbers on the command line."""

from pathlib import Path

import pytest

from client.oversight.openings import Openings
from tests.simulated_case import standard_case
from tests.simulated_mirror import write_mirror
from tests.unit.client.cli.conftest import Cli
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import YearLog


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> YearLog:
    folder = tmp_path_factory.mktemp("mirror")
    told = [granted(received(n)) for n in range(6)]
    told += [refused(made(10)), received(11, "PRT-LAWYER", "MEA-03")]
    log = YearLog(folder / "m").write(each for story in told for each in story.told)
    (folder / "root.json").write_bytes(log.pinned)
    (folder / "openings.json").write_bytes(Openings(()).to_bytes())
    return log


@pytest.fixture
def asked(log: YearLog) -> list[str]:
    folder = log.mirror.folder
    return ["-d", str(folder), "--root", str(folder.parent / "root.json")]


def test_a_year_is_reported_and_proven(cli: Cli, asked: list[str], tmp_path: Path) -> None:
    said = cli("audit", "report", "--year", "2026", "-o", tmp_path / "r", *asked)
    assert said.code == 0
    assert said.out.startswith("8 cases in ")
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [
        "report.csv", "report.html", "report.json", "report.txt",
    ]  # fmt: skip
    proven = cli("audit", "report", "verify", tmp_path / "r", *asked)
    assert (proven.code, proven.out.startswith("QM 2026: these are the numbers")) == (0, True)
    text = (tmp_path / "r" / "report.txt").read_text()
    (tmp_path / "r" / "report.txt").write_text(text.replace("Caseload", "Workload"))
    proven = cli("audit", "report", "verify", tmp_path / "r", *asked, "--json")
    assert (proven.code, proven.json["differs"]) == (3, ["report.txt"])


def test_small_numbers_are_shown_in_full(cli: Cli, asked: list[str], tmp_path: Path) -> None:
    said = cli(
        "audit", "report", "--year", "2026", "--full", "-o", tmp_path / "r", *asked, "--json"
    )
    assert (said.json["country"], said.json["cases"]) == ("QM", 8)
    assert "NOT FOR PUBLICATION" in (tmp_path / "r" / "report.txt").read_text()


def test_questions_are_listed_and_answered(cli: Cli, asked: list[str]) -> None:
    assert "Q24  Do both countries' logs tell the same story?" in cli("audit", "ask").out
    said = cli("audit", "ask", "Q21", "q04", "--year", "2026", *asked)
    assert said.code == 0
    assert "partners: 1" in said.out
    assert "refusals without a consultation (T13) before them: none" in said.out, "it is not ours"
    told = cli("audit", "ask", "Q06", "--sample", "3", "--year", "2026", *asked, "--json")
    assert len(told.json["answers"][0]["rows"]) == 3


def test_patterns_are_found(cli: Cli, asked: list[str], log: YearLog) -> None:
    openings = log.mirror.folder.parent / "openings.json"
    line = ["audit", "misuse", "--year", "2026", "--openings", openings, "--zone", "Europe/Zurich"]
    said = cli(*line, *asked)
    assert "M06  identifiers of protected persons: it concerns a lawyer" in said.out
    assert "not told" not in said.out
    said = cli("audit", "misuse", "--year", "2025", *asked)
    assert said.out.startswith("nothing fits a pattern")
    assert "not told by these logs: M01, M02, M03" in said.out


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["report"], "no_year"),
        (["report", "--year", "2026", "-o", "r", "--root", "root"], "no_mirror"),
        (["ask", "Q01"], "no_year"),
        (["misuse", "--year", "2026", "--zone", "Europe/Nowhere"], "no_zone"),
    ],
)
def test_what_is_missing_is_said(cli: Cli, line: list[str], code: str) -> None:
    said = cli("audit", *line, "--json")
    assert (said.code, said.json["error"]["code"]) == (2, code)


def test_two_countries_are_compared(cli: Cli, tmp_path: Path, root: Path) -> None:
    case = standard_case()
    own = write_mirror(tmp_path / "qm", case, case.qm)
    other = write_mirror(tmp_path / "qn", case, case.qn)
    line = ["audit", "ask", "Q23", "Q24", "--year", "2026", "-d", own.folder, "--root", root]
    said = cli(*line, "--other", other.folder)
    assert "the log is whole, and as witnesses have it" in said.out
    assert "both logs tell the same story" in said.out
    (own.folder / "channels" / "QM-QN.json").write_bytes(b"[]")
    said = cli(*line)
    assert "the log is NOT whole" in said.out
    assert "not asked: name the other country's mirror" in said.out
