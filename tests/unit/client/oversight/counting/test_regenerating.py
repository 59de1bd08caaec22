"""Whoever has the logs makes the same report again, and sees what was changed in one."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from client.errors import ClientError, StateError, VerificationFailedError
from client.oversight.counting.reading import read_logs
from client.oversight.counting.regenerating import Proof, prove_report
from client.oversight.counting.rendering import files
from client.oversight.counting.yearly import report
from client.oversight.mirror import Mirror
from shared.protocol.canonical import encode
from shared.protocol.errors import ProtocolError
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story, YearLog


@dataclass
class Desk:
    """An overseer's mirrors and the report that was made of them."""

    folder: Path
    logs: list[YearLog]

    @property
    def mirrors(self) -> list[Mirror]:
        return [log.mirror for log in self.logs]

    @property
    def pinned(self) -> bytes:
        return self.logs[-1].pinned

    def write(self, year: int = 2026, below: int = 5) -> dict[str, bytes]:
        read = read_logs(self.mirrors, pinned_root=self.logs[0].pinned, year=year)
        written = files(report(read, below=below))
        for name, content in written.items():
            (self.folder / name).write_bytes(content)
        return written

    def prove(self) -> Proof:
        return prove_report(self.folder, self.mirrors, pinned_root=self.logs[0].pinned)


def told() -> list[Story]:
    return [granted(received(n)) for n in range(6)] + [refused(made(10 + n)) for n in range(40)]


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> YearLog:
    log = YearLog(tmp_path_factory.mktemp("mirror"))
    return log.write(each for story in told() for each in story.told)


@pytest.fixture
def desk(pulled: YearLog, tmp_path: Path) -> Desk:
    return Desk(tmp_path, [pulled])


def test_it_is_made_again_octet_by_octet(desk: Desk) -> None:
    desk.write()
    proof = desk.prove()
    assert (proof.year, proof.country, proof.differs) == (2026, "QM", [])
    assert sorted(proof.compared) == ["report.csv", "report.html", "report.json", "report.txt"]
    alone = prove_report(desk.folder / "report.json", desk.mirrors, pinned_root=desk.pinned)
    assert alone.differs == []


def test_a_number_that_was_changed_is_named(desk: Desk) -> None:
    good = desk.write()["report.json"]
    (desk.folder / "report.json").write_bytes(good.replace(b'"cells":[0,40,', b'"cells":[0,39,', 1))
    assert desk.prove().differs == ["report.json: table O01"]
    (desk.folder / "report.json").write_bytes(good.replace(b'"v":1', b'"v":2'))
    assert desk.prove().differs == ["report.json: v"]
    (desk.folder / "report.json").write_bytes(good.replace(b"Overrides", b"Overridden"))
    assert desk.prove().differs == ["report.json"]


def test_another_form_that_was_changed_is_named(desk: Desk) -> None:
    page = desk.write()["report.html"]
    (desk.folder / "report.html").write_bytes(page.replace(b"<td>40</td>", b"<td>39</td>"))
    assert desk.prove().differs == ["report.html"]


def test_it_holds_when_the_log_has_grown(tmp_path: Path) -> None:
    log = YearLog(tmp_path / "m")
    own = Desk(tmp_path / "r", [log])
    own.folder.mkdir()
    log.write(granted(received()).told)
    before = own.write()
    log.write(received(2, year=2027).on("2027-03-01", "request.acknowledged").told)
    assert own.prove().differs == []
    assert own.write()["report.csv"] == before["report.csv"], (
        "what came after the year does not count"
    )


def test_a_report_by_other_definitions_is_not_judged(desk: Desk) -> None:
    good = desk.write()["report.json"]
    sha = good.split(b'"sha256":"')[1][:64]
    (desk.folder / "report.json").write_bytes(good.replace(sha, b"0" * 64))
    with pytest.raises(StateError, match="other definitions"):
        desk.prove()


def test_a_mirror_that_is_too_short_or_another_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.write()
    short = YearLog(tmp_path / "short", qm=desk.logs[0].qm)
    short.write(granted(received()).told)
    with pytest.raises(StateError, match="are to be counted"):
        prove_report(desk.folder, [short.mirror], pinned_root=short.pinned)
    other = YearLog(tmp_path / "other", qm=desk.logs[0].qm)
    other.write(each for story in [*told(), *told()] for each in story.told)
    with pytest.raises(VerificationFailedError, match="others in this mirror"):
        prove_report(desk.folder, [other.mirror], pinned_root=other.pinned)


def test_a_file_that_is_no_report_is_refused(desk: Desk) -> None:
    (desk.folder / "report.json").write_bytes(encode({"v": 1}))
    with pytest.raises(ClientError):
        desk.prove()


def test_entries_that_are_not_of_the_tree_are_not_counted(pulled: YearLog, tmp_path: Path) -> None:
    shutil.copytree(pulled.mirror.folder, tmp_path / "m")
    broken = tmp_path / "m" / "tile" / "entries" / "000"
    content = broken.read_bytes()
    broken.write_bytes(content.replace(b"request.drafted", b"request.changed", 1))
    with pytest.raises(VerificationFailedError, match="entry"):
        read_logs([Mirror(tmp_path / "m")], pinned_root=pulled.pinned, year=2026)


def test_a_checkpoint_that_the_log_did_not_sign_is_refused(pulled: YearLog) -> None:
    note = pulled.mirror.read("checkpoint").decode()
    size = note.split("\n")[1]
    forged = note.replace(f"\n{size}\n", "\n9\n", 1)
    with pytest.raises(ProtocolError):
        read_logs(
            [pulled.mirror],
            pinned_root=pulled.pinned,
            year=2026,
            notes={"log.qm.example/2026": forged},
        )


def test_an_entry_that_is_no_leaf_is_told(tmp_path: Path) -> None:
    log = YearLog(tmp_path)
    log._append(b"{}")
    log.write(made().told)
    read = read_logs([log.mirror], pinned_root=log.pinned, year=2026)
    assert read.ranges[0].unreadable == 1
    assert "Entries of log.qm.example/2026 that are no leaves and count nowhere: 1." in " ".join(
        report(read, below=0).notes
    )


@pytest.fixture
def years(tmp_path: Path) -> list[YearLog]:
    """A case that began in one log and ended in the next."""
    first = YearLog(tmp_path / "2026").write(made(1).told)
    again = first.next(tmp_path / "2027", "log.qm.example/2027")
    story = Story(number=1).on("2027-03-01", "transfer.intent/withdrawal")
    again.write(story.on("2027-03-01", "request.withdrawn", "WD-01").told)
    first.mirror.keep_directory(again.mirror.read("directory.json"))  # the newest names both
    return [first, again]


def notes_of(logs: list[YearLog], pinned: bytes) -> str:
    read = read_logs([log.mirror for log in logs], pinned_root=pinned, year=2027)
    return " ".join(report(read, below=0).notes)


def test_a_case_goes_on_from_log_to_log(years: list[YearLog]) -> None:
    assert notes_of(years, years[1].pinned) == ""


def test_without_the_earlier_log_a_case_began_before(years: list[YearLog]) -> None:
    told = notes_of(years[1:], years[1].pinned)
    assert told == ("Cases that began before the first of these logs, open when the year began: 1.")


def test_logs_in_another_order_do_not_follow(years: list[YearLog]) -> None:
    with pytest.raises(StateError, match="does not go on"):
        notes_of(years[::-1], years[1].pinned)


def test_pseudonyms_under_other_keys_are_told(years: list[YearLog]) -> None:
    read = read_logs([log.mirror for log in years], pinned_root=years[1].pinned, year=2027)
    told = report(replace(read, linked=False), below=0).notes
    assert told[0].startswith("The logs give cases pseudonyms under different keys")
