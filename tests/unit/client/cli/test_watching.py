"""`rogatory audit watch`: exit codes, and whom an alarm is told."""

from datetime import timedelta
from pathlib import Path

import pytest

from client.clock import utc_now
from shared.protocol.canonical import read
from tests.scripted_gateway import Answer, Gateway
from tests.simulated_case import Case
from tests.simulated_node import Clock
from tests.unit.client.cli.conftest import Cli, Ran
from tests.unit.client.cli.test_auditing import Log


class Desk:
    """An overseer with a command line."""

    def __init__(self, gateway: Gateway, known: Cli, folder: Path) -> None:
        self.gateway = gateway
        self.log = Log(gateway, Case(clock=Clock(now=utc_now() - timedelta(minutes=10))))
        root = folder / "pinned.json"
        root.write_bytes(self.log.case.directory[1])
        line = ["audit", "watch", "-o", str(folder / "m"), "--root", str(root), "--every", "0"]
        self.known, self.line = known, [*line, "--purpose", "watch"]

    def watch(self, *more: str) -> Ran:
        return self.known(*self.line, *more)

    def rewrite(self) -> None:
        qm = self.log.case.qm
        qm.bodies[3] = qm.bodies[2]
        qm.record(type="audit.queried")


@pytest.fixture
def desk(gateway: Gateway, known: Cli, tmp_path: Path) -> Desk:
    return Desk(gateway, known, tmp_path)


def test_a_log_that_holds_is_watched_in_silence(desk: Desk) -> None:
    said = desk.watch("--rounds", "3")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    size = len(desk.log.case.qm.bodies)
    assert [line[26:] for line in lines] == [
        f"{size} entries, audited, 0 alarms",
        f"{size} entries, looked at, 0 alarms",
        f"{size} entries, looked at, 0 alarms",
    ]
    said = desk.watch("--rounds", "2", "--json")
    rounds = [read(line.encode()) for line in said.out.splitlines()]
    assert [type(each) for each in rounds] == [dict, dict]


def test_the_first_alarm_ends_it_with_its_code(desk: Desk) -> None:
    assert desk.watch("--rounds", "1").code == 0
    desk.rewrite()
    said = desk.watch()
    assert (said.code, "ALARM inconsistent_log: the log signed two" in said.err) == (3, True)


def test_silence_ends_it_with_another(desk: Desk) -> None:
    note = desk.log.case.qm.checkpoint()
    desk.gateway.routes["GET /log/checkpoint"] = Answer(body=note.encode())
    said = desk.watch("--silence", "60", "--rounds", "5")
    assert (said.code, "ALARM log_silent" in said.err) == (7, True)


def test_a_command_is_told_once_and_the_watch_goes_on(desk: Desk, tmp_path: Path) -> None:
    told = tmp_path / "told"
    assert desk.watch("--rounds", "1").code == 0
    desk.rewrite()
    said = desk.watch("--exec", f"tee -a {told}", "--rounds", "3")
    assert said.code == 3
    assert said.err.count("ALARM") == 1
    alarm = read(told.read_bytes())
    assert isinstance(alarm, dict)
    assert (alarm["code"], alarm["exit_code"]) == ("inconsistent_log", 3)


def test_what_is_over_is_told_too(desk: Desk) -> None:
    qm = desk.log.case.qm
    pages = iter([b"nonsense", qm.checkpoint().encode()])
    desk.gateway.routes["GET /log/checkpoint"] = lambda _: Answer(body=next(pages))
    said = desk.watch("--exec", "true", "--rounds", "2")
    assert (said.code, "over: malformed" in said.err) == (0, True)


@pytest.mark.parametrize("command", ["false", "/no/such/program"])
def test_an_alarm_that_nobody_was_told_ends_the_watch(desk: Desk, command: str) -> None:
    desk.gateway.routes["GET /log/checkpoint"] = Answer(body=b"nonsense")
    said = desk.watch("--exec", command)
    assert (said.code, "could not be told" in said.err) == (3, True)
