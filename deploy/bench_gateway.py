"""`make bench`, third part: what the gateway costs, against the same server without what it adds.

Calls with a token against calls to an open address of the same gateway: what is left is the check of
token, proof and client. Content through the gateway against content to the very server that stands behind
it: what is left is the hop. Behind the gateway stands a server that believes everybody (`deploy.sink`).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from time import sleep

from rich.console import Console
from rich.table import Table

from deploy import layout, processes
from deploy.bench_load import SEGMENT, Call, Client, Target, close, lasting, run
from deploy.lab import Lab

COUNTRY = "QM"
CALLS = 2000
IDLE = 500  # connections
ROUND = 8  # segments
FLOOD = 4  # callers that are refused
CPU_GOAL, STREAM_GOAL = 1.5, 0.6  # ms of CPU that a check adds; of the speed without the hop
PLACE = "/v1/packages/a/items/b/segments"
RATES = {
    f"ROGATORY_RATE_{name}": "100000000"
    for name in ("TOKENS", "FAILURES", "CALLS", "CONTENT", "OPEN", "LOG")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The gateway that is measured, what stands behind it, and a client of each kind."""

    pid: int
    preparer: Client
    receiver: Client
    behind: Target

    def cpu(self) -> float:
        """Return the seconds of CPU that the gateway has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return the memory that the gateway holds now, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 // 10**6


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Start a directory, one gateway and the sink behind it."""
    lab = Lab(folder / "lab")
    ports = layout.free_ports()
    inside, outside = next(ports), next(ports)
    name = f"{COUNTRY}/gateway"
    urls = dict.fromkeys(
        ("ROGATORY_EXCHANGE_URL", "ROGATORY_AUDIT_URL"), f"http://127.0.0.1:{inside}"
    )
    gateway = lab.services[name]
    lab.services[name] = replace(gateway, environment={**gateway.environment, **urls, **RATES})
    etc = folder / "lab" / COUNTRY / "gateway/etc"
    command = [sys.executable, "-m", "deploy.sink", str(inside), str(outside), str(etc)]
    with subprocess.Popen(command, env=processes.ENVIRONMENT) as sink:
        try:
            lab.start(layout.DIRECTORY, name)
            clients = [
                Client.of(lab.description, COUNTRY, role) for role in ("preparer", "receiver")
            ]
            behind = replace(clients[0].target, url=f"https://127.0.0.1:{outside}")
            yield Stage(pid=lab.pid(name), preparer=clients[0], receiver=clients[1], behind=behind)
        finally:
            lab.stop()
            sink.terminate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a number of calls took: of the gateway's CPU and of the caller's patience, in ms."""

    per_second: float
    cpu: float
    median: float
    worst: float  # of a hundred


def measure(stage: Stage, calls: Sequence[Call], threads: int) -> Run:
    """Send calls to the gateway."""
    before = stage.cpu()
    found: list[float] = []
    seconds = lasting(lambda: found.extend(run(stage.preparer.target, calls, threads)))
    return Run(
        per_second=len(calls) / seconds,
        cpu=(stage.cpu() - before) / len(calls) * 1000,
        median=statistics.median(found) * 1000,
        worst=statistics.quantiles(found, n=100)[-1] * 1000,
    )


def calls(stage: Stage, console: Console) -> None:
    """Measure calls with a token, beside calls to an open address, and tokens."""
    table = Table(
        "calls", "callers", "a second", "CPU ms", "median ms", "99 % ms", title="Calls and tokens"
    )
    token = stage.preparer.token()
    for threads in (1, 4):
        plain = measure(
            stage, [Call(method="GET", path="/log/checkpoint", headers={})] * CALLS, threads
        )
        ours = [stage.preparer.call("GET", "/v1/packages", token) for _ in range(CALLS)]
        checked = measure(stage, ours, threads)
        issued = measure(stage, [stage.preparer.token_call() for _ in range(CALLS // 4)], threads)
        for name, found in (("open", plain), ("with a token", checked), ("for a token", issued)):
            numbers = (found.per_second, found.cpu, found.median, found.worst)
            table.add_row(name, str(threads), *(f"{number:.2f}" for number in numbers))
        added = checked.cpu - plain.cpu
        ratio = checked.per_second / plain.per_second
        good = "yes" if added <= CPU_GOAL else f"NO: ≤ {CPU_GOAL}"
        table.add_row(
            "the check", str(threads), f"{ratio:.2f} of it", f"+ {added:.2f} ({good})", "", ""
        )
    console.print(table)


def flood(stage: Stage, console: Console) -> None:
    """Measure what an honest caller notices of others who are refused as fast as they can ask."""
    token = stage.preparer.token()
    bad = Call(method="GET", path="/v1/packages", headers={"Authorization": "DPoP x.y.z"})
    ended = Event()

    def attack() -> int:
        connection, sent = stage.preparer.target.connect(), 0
        while not ended.is_set():
            connection.request(bad.method, bad.path, headers=dict(bad.headers))
            connection.getresponse().read()
            sent += 1
        connection.close()
        return sent

    ours = [stage.preparer.call("GET", "/v1/packages", token) for _ in range(CALLS // 4)]
    with ThreadPoolExecutor(FLOOD) as pool:
        attackers = [pool.submit(attack) for _ in range(FLOOD)]
        found = measure(stage, ours, 1)
        ended.set()
        refused = sum(each.result() for each in attackers)
    seconds = len(ours) / found.per_second
    console.print(
        f"Beside {refused / seconds:.0f} refusals a second an honest caller waits {found.median:.1f} ms"
        f" (99 %: {found.worst:.1f} ms)\n"
    )


def content(stage: Stage, console: Console, size: int) -> None:
    """Measure content in both directions, with the hop and without."""
    table = Table(
        "content",
        "MB/s",
        "without the hop",
        "ratio",
        f"≥ {STREAM_GOAL}",
        title=f"{size // 2**20} MiB",
    )
    number, body = size // SEGMENT, os.urandom(SEGMENT)
    for name, method, client in (("up", "PUT", stage.preparer), ("down", "GET", stage.receiver)):
        token, sent = client.token(), body if method == "PUT" else b""
        through = [client.call(method, f"{PLACE}/{n}", token, sent) for n in range(number)]
        seconds = direct = 0.0
        for begin in range(0, number, ROUND):  # in turn, so that both meet the same machine
            part = through[begin : begin + ROUND]
            seconds += lasting(partial(run, stage.preparer.target, part, 2))
            direct += lasting(partial(run, stage.behind, part, 2))
        ratio = direct / seconds
        speeds = (f"{size / 10**6 / each:.0f}" for each in (seconds, direct))
        table.add_row(name, *speeds, f"{ratio:.2f}", "yes" if ratio >= STREAM_GOAL else "NO")
    console.print(table)


def idle(stage: Stage, console: Console) -> None:
    """Measure what connections cost on which nothing happens."""
    before = stage.memory()
    health = Call(method="GET", path="/healthz", headers={})
    connections = [stage.preparer.target.connect() for _ in range(IDLE)]
    for connection in connections:
        connection.request(health.method, health.path)
        connection.getresponse().read()
    sleep(1)
    after = stage.memory()
    close(connections)
    each = (after - before) * 1000 / IDLE
    console.print(f"{IDLE} idle connections: {before} MB → {after} MB, {each:.0f} kB each\n")


def main() -> None:
    """Measure with as many MiB of content as the command line names."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else 1024) * 2**20
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="rogatory-bench-gateway-"))
    try:
        with staged(folder) as stage:
            idle(stage, console)
            calls(stage, console)
            flood(stage, console)
            content(stage, console, size)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
