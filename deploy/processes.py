"""Start, watch and end the processes of a node: nothing more clever than a table of commands.

A process gets its settings and nothing else of our environment, a session of its own (a ctrl-C at the
terminal reaches whoever started it, and that one ends it in order), and one log file.
"""

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx

SOURCE = Path(__file__).resolve().parent.parent
READY_TIMEOUT = 60.0  # seconds; importing seven processes on two cores takes about six
STOP_TIMEOUT = 15.0  # seconds until a process that was asked to stop is killed
POLL = 0.05  # seconds
LOG_TAIL = 2000  # characters
# glibc gives memory back after every 256 KiB received unless told otherwise: three times slower.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "PYTHONPATH": str(SOURCE),
    "UV_USE_IO_URING": "0",
}


class StartError(Exception):
    """A process ended or did not become ready; the message shows the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What to run, with which settings, and how to see that it is ready."""

    name: str  # "QM/gateway", or "directory"
    module: str
    environment: Mapping[str, str]
    log: Path
    ready_url: str
    ca: Path | None = None  # for an https `ready_url`


def start(service: Service) -> subprocess.Popen[bytes]:
    """Start a process; its output is added to its log."""
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", service.module],
            env={**ENVIRONMENT, **service.environment},
            cwd=SOURCE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_ready(started: Mapping[str, subprocess.Popen[bytes]], services: Iterable[Service]) -> None:
    """Wait until every service answers that it is ready.

    Raises:
        StartError: one ended, or was not ready within `READY_TIMEOUT`.
    """
    deadline = monotonic() + READY_TIMEOUT
    for service in services:
        while not _is_ready(service):
            if started[service.name].poll() is not None:
                raise StartError(_story(service, "ended while starting"))
            if monotonic() > deadline:
                raise StartError(_story(service, "did not become ready"))
            sleep(POLL)


def stop(processes: Iterable[subprocess.Popen[bytes]], *, timeout: float = STOP_TIMEOUT) -> None:
    """Ask all to stop, then make sure that they did; `timeout` in seconds."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_pid(pid: int, module: str) -> bool:
    """Stop a process that an earlier command started, if it still is what it was.

    Returns:
        Whether there was such a process.
    """
    if not is_running(pid, module):
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = monotonic() + STOP_TIMEOUT
    while is_running(pid, module):
        if monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        sleep(POLL)
    return True


def is_running(pid: int, module: str) -> bool:
    """Say whether a process runs under this id and is `module`: ids are used again."""
    command = ["ps", "-o", "stat=,command=", "-p", str(pid)]
    line = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return f"-m {module}" in line and not line.startswith("Z")


def _is_ready(service: Service) -> bool:
    verify = ssl.create_default_context(cafile=service.ca) if service.ca else False
    try:
        with httpx.Client(verify=verify, trust_env=False, timeout=2) as client:
            return client.get(service.ready_url).is_success
    except httpx.TransportError:
        return False


def _story(service: Service, what: str) -> str:
    tail = service.log.read_text(errors="replace")[-LOG_TAIL:]
    return f"{service.name} {what}. The end of {service.log}:\n{tail}"
