"""`make lab` and `make demo` as people use them: what they promise, and that nothing is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from deploy import lab, processes
from shared.protocol import canonical

ROOT = Path(__file__).resolve().parents[2]
SIGNING = {"preparer", "approver", "receiver", "court", "privilege", "assessor", "duty", "minister"}
ROLES = SIGNING | {"oversight", "protection", "ops", "registrar"}

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(  # noqa: S603 - our own modules
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_lab_outlives_its_command_until_it_is_ended(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    try:
        started = run("deploy.lab", "up", str(folder))
        assert started.returncode == 0, started.stderr
        assert len(lab.running(folder / "lab.json")) == 7
        assert_described(folder / "lab.json")
        assert "runs" in run("deploy.lab", "up", str(folder)).stderr  # not a second time
    finally:
        assert "7 processes ended" in run("deploy.lab", "down", str(folder)).stdout
    assert lab.running(folder / "lab.json") == {}


def assert_described(path: Path) -> None:
    """The shape that people and programs rely on."""
    described = canonical.read(path.read_bytes())
    assert isinstance(described, dict)
    nodes = described["nodes"]
    assert isinstance(nodes, dict)
    assert set(nodes) == {"QM", "QN"}
    for node in nodes.values():
        assert isinstance(node, dict)
        assert str(node["gateway"]).startswith("https://127.0.0.1:")
        assert Path(str(node["ca"])).is_file()
        assert Path(str(node["data"])).is_dir()
        assert isinstance(node["log"], dict)
        assert set(node["log"]) == {"url", "origin", "vkeys"}
        assert isinstance(node["pids"], dict)
        assert set(node["pids"]) == {"gateway", "exchange", "audit"}
        assert isinstance(node["clients"], dict)
        for client in node["clients"].values():
            assert_client(client)


def assert_client(client: canonical.Json) -> None:
    assert isinstance(client, dict)
    assert client["role"] in ROLES
    assert client["scopes"]
    for name in ("key", "dpop_key", "officer_key"):
        if client[name] is not None:
            assert Path(str(client[name])).stat().st_mode & 0o777 == 0o600
    assert (client["officer_key"] is not None) == (client["role"] in SIGNING)


def test_demo_plays_all_seven_parts_and_finds_every_attack() -> None:
    played = run("deploy.demo")
    assert played.returncode == 0, played.stdout + played.stderr
    for part in range(1, 8):
        assert f"\n{part}  " in played.stdout
    assert played.stdout.count("found:") == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_that_is_stopped_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    environment = {**processes.ENVIRONMENT, "TMPDIR": str(tmp_path), "PATH": os.defpath}
    command = [sys.executable, "-m", "deploy.demo"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as demo:
        while not children(tmp_path):
            sleep(0.1)
        sleep(1)
        demo.send_signal(number)
        assert demo.wait(30) == 128 + number
    assert children(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def children(folder: Path) -> list[str]:
    """Which services run with data in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:  # it ended while we looked
            continue
        if str(folder).encode() in told and b"services." in command:
            found.append(entry.name)
    return found
