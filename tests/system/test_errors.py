"""Every error that a clerk can cause answers in words, with an exit code and what to do next."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from client import profiles
from client.errors import AccessError
from client.sdk.session import connect
from deploy import evidence, workplace
from deploy.case import ASSESSED, Case
from deploy.desk import CommandError, Desk
from deploy.lab import Lab
from shared.protocol.canonical import Json
from shared.runtime.clock import utc_now

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

USAGE, UNPROVEN, ACCESS, MISSING, STATE, AWAY = 2, 3, 4, 5, 6, 7
NOBODY = "01890000-0000-7000-8000-000000000000"


def error(desk: Desk, *words: str) -> dict[str, Json]:
    """Run a command that must fail; return the error object that it prints."""
    with pytest.raises(CommandError) as caught:
        desk.run(*words)
    told = caught.value.answer["error"]
    assert isinstance(told, dict), caught.value
    assert told["exit_code"] == caught.value.exit_code
    assert len(str(told["detail"])) > 10
    assert told["next"], f"says what is wrong, not what to do: {told}"
    return told


@pytest.fixture(scope="module")
def desks(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Desk]:
    return workplace.open_desks(lab, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def open_case(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A case with a package that is being collected: one small file is in it."""
    folder = tmp_path_factory.mktemp("case")
    case = workplace.open_case(lab, folder / "desk")
    case.draft(str(workplace.write_draft(folder)))
    case.send_request()
    case.accept()
    report = folder / "report.pdf"
    evidence.examiner_report(report)
    desk = case.desks["QN-preparer"]
    opened = desk.run("package", "new", case.request_id, "--title", "Errors")
    case.package_id = str(opened["package_id"])
    case.add([str(report)])
    return case


@dataclass(frozen=True)
class Mistake:
    """What a clerk does wrong. REQUEST, PACKAGE and FOLDER stand for those of the open case."""

    name: str
    desk: str
    words: tuple[str, ...]
    exit_code: int


MISTAKES = [
    Mistake("no such file", "QN-preparer", ("package", "add", "PACKAGE", "FOLDER/no.pdf"), USAGE),
    Mistake("no such package", "QN-preparer", ("package", "status", NOBODY), MISSING),
    Mistake("not an identifier", "QN-preparer", ("package", "status", "lost"), MISSING),
    Mistake("no such request", "QM-approver", ("request", "approve", NOBODY), MISSING),
    Mistake("drafter approves", "QM-preparer", ("request", "approve", "REQUEST"), ACCESS),
    Mistake("cleared too early", "QN-approver", ("package", "clear", "PACKAGE"), STATE),
    Mistake("released too early", "QN-approver", ("package", "release", "PACKAGE"), STATE),
    Mistake("approved twice", "QM-approver", ("request", "approve", "REQUEST"), STATE),
    Mistake("accepted by the sender", "QM-approver", ("request", "accept", "REQUEST"), STATE),
    Mistake("drafter accepts", "QN-preparer", ("request", "accept", "REQUEST"), ACCESS),
    Mistake("approver filters", "QN-approver", ("package", "filter", "PACKAGE"), ACCESS),
    Mistake("fetched before it came", "QM-receiver", ("fetch", "PACKAGE", "-o", "FOLDER/b"), MISSING),
    Mistake("overseer opens a package", "QN-oversight", ("package", "status", "PACKAGE"), ACCESS),
    Mistake("draft is no JSON", "QM-preparer", ("request", "new", "FOLDER/not.json"), USAGE),
    Mistake("draft lacks its basis", "QM-preparer", ("request", "new", "FOLDER/bare.json"), STATE),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistake_is_answered_in_words(open_case: Case, mistake: Mistake, tmp_path: Path) -> None:
    (tmp_path / "not.json").write_text("dear colleagues,")
    (tmp_path / "bare.json").write_text('{"to":"QN"}')
    real = {"REQUEST": open_case.request_id, "PACKAGE": open_case.package_id}
    words = [real.get(word, word).replace("FOLDER", str(tmp_path)) for word in mistake.words]
    told = error(open_case.desks[mistake.desk], *words)
    assert told["exit_code"] == mistake.exit_code


def test_folder_that_is_no_bag_fails_check_by_check(open_case: Case, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        open_case.desks["QM-receiver"].run("verify", str(tmp_path))
    assert caught.value.exit_code == UNPROVEN
    assert "bag" in caught.value.reason()


def test_same_file_twice_is_one_item(open_case: Case, tmp_path: Path) -> None:
    report = tmp_path / "report.pdf"
    evidence.examiner_report(report)
    open_case.add([str(report)])
    status = open_case.desks["QN-preparer"].run("package", "status", open_case.package_id)
    assert status["items"] == 1


def test_foreign_key_is_refused_in_words(desks: dict[str, Desk], tmp_path: Path) -> None:
    """The clerk copied the wrong key file into the profile."""
    right = Path(desks["QM-preparer"].config).read_text()
    wrong = right.replace("QM/authorities/preparer.client", "QM/authorities/ops.client")
    assert wrong != right
    config = tmp_path / "config.toml"
    config.touch(0o600)
    config.write_text(wrong)
    desk = desks["QM-preparer"]
    told = error(
        Desk(
            command=desk.command,
            environment=desk.environment,
            config=str(config),
            profile=desk.profile,
        ),
        "request",
        "list",
    )
    assert told["exit_code"] == ACCESS


@pytest.mark.parametrize("hours", [-1, 1], ids=["behind", "ahead"])
def test_wrong_clock_is_named(lab: Lab, hours: int) -> None:
    """What a clerk sees of an expired token: the desk renews it, unless its clock is wrong."""
    profile = profiles.read_lab(lab.description, "QM", "preparer")
    session = connect(profile, clock=lambda: utc_now() + timedelta(hours=hours))
    with pytest.raises(AccessError) as caught:
        session.get("/v1/requests")
    assert "clock" in str(caught.value.next_step)


def test_own_node_away_says_so_and_loses_nothing(lab: Lab, desks: dict[str, Desk]) -> None:
    lab.stop("QN/gateway")
    try:
        told = error(desks["QN-preparer"], "request", "list")
    finally:
        lab.start("QN/gateway")
    assert told["exit_code"] == AWAY
    desks["QN-preparer"].run("request", "list")


def test_peer_away_is_waited_for_in_words(lab: Lab, desks: dict[str, Desk], tmp_path: Path) -> None:
    case = Case(desks=desks)
    case.draft(str(workplace.write_draft(tmp_path)))
    lab.stop("QN/gateway")
    try:
        desk = desks["QM-approver"]
        desk.run("request", "approve", case.request_id, "--assessment", ASSESSED)
        desk.run("request", "send", case.request_id, "--wait", "1")
        shown = desk.run("request", "show", case.request_id)
        assert shown["state"] == "S04"
        # QN is away as a witness as well, and what it has not cosigned is not even sent.
        assert "witnesses" in str(shown["waiting_for"])
    finally:
        lab.start("QN/gateway")
    case.wait(desks["QM-approver"], "request", case.request_id, "S05")


def test_full_disk_is_told_and_survived(lab: Lab, open_case: Case, tmp_path: Path) -> None:
    big = tmp_path / "big.dd"
    big.write_bytes(evidence.Stream("full disk").read(40 * 2**20))
    desk = open_case.desks["QN-preparer"]
    with small_disk(lab, lab.folder / "QN/exchange"):
        told = error(desk, "package", "add", open_case.package_id, str(big))
        assert told["code"] == "storage_full"
    open_case.add([str(big)])


@contextmanager
def small_disk(lab: Lab, home: Path) -> Iterator[None]:
    """Move QN's exchange to a disk with 20 MiB left while the block runs."""
    lab.stop("QN/exchange")
    aside = home.with_name("exchange-aside")
    home.rename(aside)
    home.mkdir()
    used = sum(path.stat().st_size for path in aside.rglob("*"))
    options = f"size={used + 20 * 2**20}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(home)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0  # noqa: S603
    try:
        if not mounted:
            pytest.skip("making a small disk needs the right to mount")
        shutil.copytree(aside, home, dirs_exist_ok=True)
        lab.start("QN/exchange")
        yield
    finally:
        lab.stop("QN/exchange")
        if mounted:
            shutil.rmtree(aside)
            shutil.copytree(home, aside)
            subprocess.run(["umount", str(home)], check=True)  # noqa: S603, S607
        home.rmdir()
        aside.rename(home)
        lab.start("QN/exchange")
