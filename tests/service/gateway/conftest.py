"""Two countries and a directory, once for all tests of the gateway."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from services.gateway.tables import TallyRow
from shared.runtime.database import open_database
from shared.runtime.edge import EdgeProtocol
from tests.edges import edge
from tests.service.gateway.calling import Caller, http_client
from tests.service.gateway.echo import Echo, echo_app
from tests.service.gateway.federation import (
    Federation,
    Node,
    gateway,
    make_federation,
    make_node,
)
from tests.service.gateway.sites import live, site
from tests.service.gateway.sockets import listening, serving
from tests.time_authority import Site as TimeSite
from tests.time_authority import TimeAuthority
from tests.time_authority import serving as keeping_time

__all__ = ["edge", "live", "site"]


@dataclass
class World:
    """Two countries, QM and QN, what stands behind their gateways, and the directory."""

    federation: Federation
    qm: Node
    qn: Node
    echoes: dict[str, Echo]
    time: TimeSite

    def caller(self, role: str) -> Caller:
        return Caller(self.qm, role)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    nodes = [make_node(country, folder / country) for country in ("QM", "QN")]
    federation = make_federation(folder / "federation", nodes)
    echoes = {node.country: Echo() for node in nodes}
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        time_site = enter(keeping_time(TimeAuthority(folder / "time")))
        nodes[0].time_authorities = time_site.authority.configured(time_site.url, folder / "etc")
        enter(
            serving(
                federation.app(),
                federation.socket[0],
                certificates=federation.certificates,
                protocol=EdgeProtocol,
            )
        )
        for node in nodes:
            bound, port = listening()
            enter(serving(echo_app(echoes[node.country]), bound))
            node.upstreams = dict.fromkeys(("exchange", "audit"), f"http://127.0.0.1:{port}")
            enter(gateway(node, federation))
        for node in nodes:
            wait_ready(node)
        time.sleep(1.1)  # in its first second a gateway asks a proof of ten seconds ago for a nonce
        yield World(federation, nodes[0], nodes[1], echoes, time_site)


def recorded(world: World, country: str, reason: str) -> bool:
    """Say whether a refusal is on record: told one by one, or in a count that is still open.

    Clients of the world are refused by many tests, and a window with many refusals only counts.
    """
    node = world.qm if country == "QM" else world.qn
    if any(event.get("reason") == reason for event in world.echoes[country].events):
        return True
    # By the library that the gateway of this process has it open with: another would drop its locks.
    database = open_database(f"sqlite:///{node.folder / 'gateway.sqlite'}")
    try:
        with database.read() as db:
            return db.query(TallyRow).filter_by(reason=reason).count() > 0
    finally:
        database.close()


def wait_ready(node: Node) -> None:
    client = http_client(node.url, str(node.certificates.ca))
    while client.get("/readyz").status_code != 200:
        time.sleep(0.05)


@pytest.fixture(scope="session")
def preparer(world: World) -> Caller:
    return world.caller("preparer")


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it did not come true within 5 s")
