"""Starting and ending processes: what does not start is told with the end of its log."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import processes
from deploy.processes import Service, StartError


def service(folder: Path, module: str) -> Service:
    return Service(
        name="QM/gateway",
        module=module,
        environment={},
        log=folder / "logs/gateway.log",
        ready_url="http://127.0.0.1:9/readyz",  # nobody listens on the discard port
    )


def test_service_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    chosen = service(tmp_path, "services.gateway")  # without any setting
    started = {chosen.name: processes.start(chosen)}
    with pytest.raises(StartError, match="ROGATORY_COUNTRY"):
        processes.wait_ready(started, [chosen])


def test_process_that_does_not_listen_to_reason_is_killed() -> None:
    script = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as stubborn:  # noqa: S603
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        processes.stop([stubborn], timeout=0.2)
        assert stubborn.returncode == -9


def test_another_programs_process_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert not processes.stop_pid(other.pid, "services.gateway")
        assert other.poll() is None
        other.kill()
