"""Two countries on one machine: `make lab` starts their nodes, `make lab-down` ends them.

A laboratory is a folder: identities and data of both nodes stay in it, so a later start goes on
where the last one ended; remove the folder to begin anew. `lab.json` in it says where everything
is, with a key for every role: it is a laboratory. The demo, the system tests and the measurements use
the class `Lab` on folders of their own.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy import bootstrap, layout, processes
from deploy.layout import Addresses
from deploy.processes import Service
from shared.protocol import canonical
from shared.runtime.clock import utc_now

COUNTRIES = ("QM", "QN")
DEFAULT = Path(".lab")


class Lab:
    """Seven processes: gateway, exchange and audit of two countries, and the directory."""

    def __init__(self, folder: Path) -> None:
        """Open the laboratory in a folder, or make one."""
        self.folder = folder.resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = self.folder / layout.FEDERATION
        if not record.exists():
            bootstrap.bootstrap(self.folder, layout.on_loopback(COUNTRIES), utc_now())
        self.federation = layout.read(record.read_bytes())
        self.services = {service.name: service for service in self._services()}
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start everything; whatever happens, `with` ends it again."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything."""
        self.stop()

    def start(self, *names: str) -> None:
        """Start these services (all by default) and wait until they are ready.

        Raises:
            StartError: one of them does not start.
        """
        chosen = [self.services[name] for name in names or self.services]
        for service in chosen:
            self.started[service.name] = processes.start(service)
        processes.wait_ready(self.started, chosen)
        self.write_description()

    def stop(self, *names: str) -> None:
        """Stop these services in order (all by default)."""
        processes.stop(self.started[name] for name in names or self.started)

    def kill(self, name: str) -> None:
        """Kill a service without a word, as a power cut would."""
        self.started[name].kill()
        self.started[name].wait()

    def database(self, country: str, service: str) -> Path:
        """Return the SQLite file of a service."""
        return self.folder / country / service / f"{service}.sqlite"

    def pid(self, name: str) -> int:
        """Return the process id under which a service was last started."""
        return self.started[name].pid

    @property
    def description(self) -> Path:
        """Where `lab.json` is."""
        return self.folder / "lab.json"

    @property
    def root(self) -> Path:
        """The directory's root as it was read out: what a court pins."""
        return self.folder / COUNTRIES[0] / "authorities/root.json"

    def write_description(self) -> None:
        """Write `lab.json`: for people and programs that want to try things."""
        nodes = {node.country: self._describe(node) for node in self.federation.nodes}
        directory: canonical.Json = {
            "url": self.federation.directory_url,
            "pid": self._pids().get(layout.DIRECTORY),
        }
        content: canonical.Json = {"nodes": nodes, "directory": directory, "root": str(self.root)}
        part = self.description.with_suffix(".part")
        part.write_bytes(canonical.encode(content))
        part.replace(self.description)

    def _describe(self, node: Addresses) -> canonical.Json:
        home = self.folder / node.country
        described = _member(canonical.parse((home / "authorities/node.json").read_bytes()), "nodes")
        own = _member(described, node.country)
        clients = _member(own, "clients")
        pids = self._pids()
        return {
            **own,
            "ca": str(home / "authorities/ca.pem"),
            "clients": {name: _absolute(home, _member(clients, name)) for name in clients},
            "data": str(home),
            "pids": {name: pids.get(f"{node.country}/{name}") for name in layout.SERVICES},
        }

    def _pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self.started.items()}

    def _services(self) -> Iterable[Service]:
        home = self.folder / layout.DIRECTORY
        yield Service(
            name=layout.DIRECTORY,
            module="services.directory",
            environment=layout.directory_environment(home, self.federation.directory),
            log=self.folder / "logs/directory.log",
            ready_url=f"{self.federation.directory_url}/readyz",
            ca=home / "etc/ca.pem",
        )
        for node in self.federation.nodes:
            for name in ("audit", "exchange", "gateway"):
                yield self._service(node, name)

    def _service(self, node: Addresses, name: str) -> Service:
        home = self.folder / node.country / name
        urls = {"gateway": node.url, "exchange": node.exchange_url, "audit": node.audit_url}
        ca = home / "etc/ca.pem" if name == "gateway" else None
        return Service(
            name=f"{node.country}/{name}",
            module=f"services.{name}",
            environment=layout.environment(name, home, node, self.federation.directory_url),
            log=self.folder / "logs" / f"{node.country}-{name}.log",
            ready_url=f"{urls[name]}/readyz",
            ca=ca,
        )


def running(description: Path) -> dict[str, int]:
    """Return which processes of a laboratory still run: the module's name and id of each."""
    if not description.exists():
        return {}
    content = canonical.read(description.read_bytes())
    nodes = _member(content, "nodes")
    found = {layout.DIRECTORY: _member(content, "directory").get("pid")}
    for country in nodes:
        pids = _member(_member(nodes, country), "pids")
        found |= {f"{country}/{service}": pid for service, pid in pids.items()}
    return {
        name: pid
        for name, pid in found.items()
        if isinstance(pid, int) and processes.is_running(pid, _module(name))
    }


def up(folder: Path) -> None:
    """Start a laboratory that outlives this command."""
    alive = running(folder / "lab.json")
    if alive:
        sys.exit(f"A laboratory runs in {folder} already ({len(alive)} processes): make lab-down")
    print(f"Starting two countries in {folder} …", flush=True)
    lab = Lab(folder)
    try:
        lab.start()
    except BaseException:
        lab.stop()
        raise
    for node in lab.federation.nodes:
        print(f"  {node.country}  {node.url}")
    print(f"{lab.description} names every client and key; `make lab-down` ends it.")
    print(
        f"Try: .venv/bin/python -m client login --from-lab {lab.description} --node QM --client preparer"
    )


def down(folder: Path) -> None:
    """End what `up` started."""
    alive = running(folder / "lab.json")
    for name, pid in alive.items():
        processes.stop_pid(pid, _module(name))
    print(f"{len(alive)} processes ended; the data stays in {folder}.")


def _module(name: str) -> str:
    return f"services.{name.rpartition('/')[2]}"


def _absolute(home: Path, client: dict[str, canonical.Json]) -> canonical.Json:
    files = ("key", "dpop_key", "officer_key")
    paths = {name: str(home / "authorities" / str(client[name])) for name in files if client[name]}
    return {**client, **paths}


def _member(value: canonical.Json, name: str) -> dict[str, canonical.Json]:
    assert isinstance(value, dict)
    member = value[name]
    assert isinstance(member, dict)
    return member


def main() -> None:
    """Run `up` or `down`, by default in `.lab`."""
    commands = {"up": up, "down": down}
    if len(sys.argv) not in {2, 3} or sys.argv[1] not in commands:
        sys.exit("usage: python -m deploy.lab up|down [FOLDER]")
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT  # noqa: PLR2004 - see usage
    try:
        commands[sys.argv[1]](folder.resolve())
    except processes.StartError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
