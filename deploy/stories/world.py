"""A federation in one process: every service real, one clock, and nobody goes on before all has settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType, TracebackType
from typing import Self

import sqlalchemy as sa

from deploy import bootstrap, layout
from deploy.stories import profiles
from deploy.stories.clockwork import StoryClock
from deploy.stories.node import Node, read_settings
from deploy.stories.office import Office
from deploy.stories.profiles import Changes
from deploy.stories.serving import Listener
from services.directory import repository, routes
from services.directory.resigning import Resigner
from services.directory.settings import DirectorySettings
from shared.runtime import server
from shared.runtime.app import create_app
from shared.runtime.clock import utc_now
from shared.runtime.database import Database
from shared.runtime.edge import Edge, EdgeProtocol
from shared.runtime.keystore import Keystore
from shared.runtime.origin import Direct
from shared.runtime.tls import server_context

PATIENCE = 30.0  # seconds until what does not settle is an error
QUIET = 0.12  # seconds without a commit anywhere
GLANCE = 0.02  # seconds
OPEN_EXCHANGE = (
    "SELECT (SELECT count(*) FROM event WHERE NOT done)"
    " + (SELECT count(*) FROM entry WHERE state IN ('SIGNED', 'LOGGED', 'WITNESSED'))"
    " + (SELECT count(*) FROM package WHERE state IN ('CLOSING', 'SEALED', 'RELEASED')"
    " OR (state = 'RECEIVED'))"
)
OPEN_AUDIT = "SELECT count(*) FROM inbox WHERE idx IS NULL"


class UnsettledError(Exception):
    """Something goes on for too long, or cannot go on."""


class World:
    """Countries with their nodes and their people, the directory, and the clock."""

    def __init__(
        self,
        folder: Path,
        zones: Mapping[str, str],
        begins: datetime,
        changes: Changes = MappingProxyType({}),
    ) -> None:
        """Make a federation from nothing; `with` starts and ends it.

        Args:
            folder: where all of it lies.
            zones: the time zone of each country.
            begins: the first moment of the clock.
            changes: of the profiles between two countries.
        """
        self.folder, self.clock = folder, StoryClock(begins)
        self.federation = layout.on_loopback(tuple(zones))
        pairs = profiles.write(folder / "pairs", zones, changes)
        bootstrap.bootstrap(folder, self.federation, begins, tls_from=utc_now(), pairs=pairs)
        url = self.federation.directory_url
        self.nodes = {
            each.country: Node(folder / each.country, each, url, self.clock)
            for each in self.federation.nodes
        }
        self.offices = {
            name: Office(folder / name / "authorities", name, self.clock) for name in zones
        }
        self.cut_off: set[str] = (
            set()
        )  # whom no peer serves: what they would send is not waited for
        self._directory, self._resigner = self._make_directory()

    def __enter__(self) -> Self:
        """Start everything, and wait until each country knows the others."""
        self._resigner.resign()
        self._directory.start()
        self._directory.wait()
        try:
            for node in self.nodes.values():
                node.start()
            self.refresh()
            self.settle()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything."""
        self._end()

    def __getitem__(self, country: str) -> Office:
        """Return the people of a country."""
        return self.offices[country]

    @property
    def root(self) -> Path:
        """The directory's root, as a court pins it."""
        return self.folder / self.federation.nodes[0].country / "authorities/root.json"

    def travel(self, moment: datetime) -> None:
        """Let everything settle, then go on at another moment; the directory is signed anew."""
        self.settle()
        self.clock.set(moment)
        self.refresh()
        self.settle()

    def leap(self, moment: datetime) -> None:
        """Go on at another moment although something still waits for it."""
        self.clock.set(moment)
        self.refresh()

    def wait(self, time: timedelta) -> None:
        """Let some time pass."""
        self.travel(self.clock() + time)

    def refresh(self) -> None:
        """Have the directory sign, and every node look at it now."""
        self._resigner.resign()
        for office in self.offices.values():
            office.session("ops").post("/v1/ops/directory/refresh")
        for database in self._databases():
            database.pulse.beat()

    def settle(self, patience: float = PATIENCE) -> None:
        """Wait until nothing moves: all is logged, delivered, fetched and verified, and no job commits.

        Raises:
            UnsettledError: something still waits; says where.
        """
        deadline, quiet, seen = monotonic() + patience, monotonic(), self._beats()
        while (waiting := self._waiting()) or monotonic() - quiet < QUIET:
            sleep(GLANCE)
            if (now := self._beats()) != seen:
                quiet, seen = monotonic(), now
            if monotonic() > deadline:
                raise UnsettledError(", ".join(waiting) or "jobs go on and on")

    def _waiting(self) -> list[str]:
        """Name the services where something waits."""
        asked = (("exchange", OPEN_EXCHANGE), ("audit", OPEN_AUDIT))
        busy = [
            f"{country}/{service}"
            for country, node in self.nodes.items()
            if country not in self.cut_off
            for service, query in asked
            if (database := node.database(service)) is not None and _count(database, query)
        ]
        unwitnessed = [f"{name}/log" for name, node in self.nodes.items() if not node.log_stands()]
        return busy + unwitnessed

    def _beats(self) -> tuple[int, ...]:
        return tuple(database.pulse.count for database in self._databases())

    def _databases(self) -> Iterable[Database]:
        return [database for node in self.nodes.values() for database in node.databases()]

    def _make_directory(self) -> tuple[Listener, Resigner]:
        home = self.folder / layout.DIRECTORY
        told = layout.directory_environment(home, self.federation.directory)
        settings = read_settings(DirectorySettings, told)
        keystore = Keystore.open(settings.keystore, settings.passphrase_file)
        online = repository.OnlineKeys(
            snapshot=repository.read_signer(keystore.get("online-snapshot")),
            timestamp=repository.read_signer(keystore.get("online-timestamp")),
        )
        app = create_app("Rogatory directory", routers=[routes.router], readiness=dict)
        app.state.repository = settings.directory_repo
        listener = server.make_server(
            Direct(Edge(app)),
            settings.directory_listen,
            context=server_context(settings.tls_cert, settings.tls_key),
            protocol=EdgeProtocol,
        )
        resigner = Resigner(settings.directory_repo, online, self.clock)
        return Listener("directory", listener), resigner

    def _end(self) -> None:
        for office in self.offices.values():
            office.leave()
        for node in self.nodes.values():
            node.stop()
        self._directory.ask_to_stop()
        self._directory.join()


def _count(database: Database, query: str) -> int:
    with database.read() as db:
        return int(db.execute(sa.text(query)).scalar_one())
