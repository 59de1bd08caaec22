"""New Year in one of two real nodes, by the commands of the operating guide: nothing is lost on the way."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import workplace
from deploy.case import Case
from deploy.desk import CommandError
from deploy.lab import Lab
from deploy.processes import ENVIRONMENT, SOURCE
from shared.protocol import canonical
from tests.ceremonies import change

OLD, NEW = "qm.rogatory.example/log", "qm.rogatory.example/log/2027"

pytestmark = [pytest.mark.system, pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path / "lab") as lab:
        yield lab


def command(module: str, environment: Mapping[str, str], *words: str) -> bytes:
    """Run a command as the operators do; give what it says."""
    ran = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", module, *words],
        env={**ENVIRONMENT, **environment},
        cwd=SOURCE,
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


def shards(environment: Mapping[str, str], *words: str) -> bytes:
    return command("services.audit.shards", environment, *words)


def next_environment(lab: Lab) -> dict[str, str]:
    """What the next log runs with; its database and signer are in a folder of their own."""
    old = lab.services["QM/audit"].environment
    shelf = lab.folder / "closed-logs.json"
    shelf.write_bytes(canonical.encode({OLD: f"sqlite:///{lab.database('QM', 'audit')}"}))
    data = Path(old["ROGATORY_DATA"]) / "2027"
    data.mkdir()
    return {
        **old,
        "ROGATORY_DATA": str(data),
        "ROGATORY_LOG_ORIGIN": NEW,
        "ROGATORY_LOG_KEYS": "log-2027",
        "ROGATORY_CLOSED_LOGS": str(shelf),
    }


def patiently(act: Callable[[], object]) -> None:
    """Repeat until the other country's witness has heard of the new log and cosigned it."""
    deadline = time.monotonic() + 120
    while True:
        try:
            act()
        except CommandError:
            assert time.monotonic() < deadline
            time.sleep(2)
        else:
            return


def turn(lab: Lab) -> None:
    """Steps 1 to 5 of the operating guide."""
    old, new = lab.services["QM/audit"].environment, next_environment(lab)
    log, closed = lab.folder / "log.json", lab.folder / "closed.json"
    log.write_bytes(shards(new, "draw", "log-2027"))
    closed.write_bytes(shards(old, "close"))
    lab.stop("QM/audit", "QM/exchange")
    shards(new, "open", "--after", OLD, "--data", old["ROGATORY_DATA"])
    repository = lab.folder / "directory/repository"
    change(repository, lab.folder / "ceremony", "QM", "--closed", closed, "--log", log)
    exchange = lab.services["QM/exchange"]
    origin = {"ROGATORY_LOG_ORIGIN": NEW}
    lab.services["QM/audit"] = replace(lab.services["QM/audit"], environment=new)
    lab.services["QM/exchange"] = replace(exchange, environment={**exchange.environment, **origin})
    # Everybody would have the news within minutes; a restart asks for them at once.
    others = ["directory", "QM/gateway", "QN/gateway", "QN/audit", "QN/exchange"]
    lab.stop(*others)
    lab.start(*others, "QM/audit", "QM/exchange")


def test_a_case_goes_on_over_new_year(lab: Lab, tmp_path: Path) -> None:
    case: Case = workplace.open_case(lab, tmp_path / "desk", patience=60)
    case.draft(str(workplace.write_draft(tmp_path)))
    case.send_request()
    overseer, root = case.desks["QM-oversight"], ("--root", str(lab.root))
    first, second = str(tmp_path / "2026"), str(tmp_path / "2027")
    pull = ("audit", "pull", "--purpose", "New Year", "-o")
    overseer.run(*pull, first)

    turn(lab)

    case.accept()
    overseer.run(*pull, first)  # to its end
    patiently(lambda: overseer.run(*pull, second))
    answer = overseer.run("audit", "verify", first, second, *root)
    assert answer["verified"] is True
    abroad = case.desks["QN-oversight"]
    abroad.run(*pull, str(tmp_path / "abroad"))
    assert abroad.run("audit", "verify", str(tmp_path / "abroad"), *root)["verified"] is True
