"""Compose the exchange: settings and keys in, app out."""

import contextlib
import platform
import threading
from collections.abc import AsyncIterator, Mapping

from fastapi import FastAPI

from services.exchange import misses
from services.exchange.approving import Officers
from services.exchange.channel_watch import ChannelWatch
from services.exchange.clock_watch import ClockWatch
from services.exchange.closing import Closer
from services.exchange.courier import Courier
from services.exchange.deadlines import Deadlines
from services.exchange.disposal import Disposer
from services.exchange.fetching import Fetcher
from services.exchange.keyring import Keyring
from services.exchange.log_watch import LogWatch
from services.exchange.own_log import OwnLog
from services.exchange.proving import Prover
from services.exchange.recording import Recorder
from services.exchange.refusing import Refusals
from services.exchange.routes import (
    acts,
    challenges,
    clocks,
    findings,
    inbound,
    letters,
    oversight,
    packages,
    receiving,
    repeats,
    requests,
    selftests,
    urgent,
    uses,
)
from services.exchange.routes.parts import Parts
from services.exchange.routes.told import TOLD
from services.exchange.settings import ExchangeSettings
from services.exchange.vault import Vault
from services.exchange.wire import Wire
from shared.protocol.identifiers import parse_country
from shared.runtime import condition, described, guard, logs
from shared.runtime.app import create_app
from shared.runtime.clock import Clock, utc_now
from shared.runtime.crew import Crew, Job
from shared.runtime.database import migrate, open_database
from shared.runtime.directory import Directory
from shared.runtime.http import bulk_pool, json_client
from shared.runtime.keystore import Keystore
from shared.runtime.principals import HEADER, Assertions, InternalAuth
from shared.runtime.refreshing import Refresher
from shared.runtime.server import make_server, run
from shared.runtime.settings import load

ROUTERS = (
    requests.router,
    letters.router,
    acts.router,
    clocks.router,
    challenges.router,
    urgent.router,
    findings.router,
    packages.router,
    receiving.router,
    uses.router,
    inbound.router,
    oversight.router,
    selftests.router,
    condition.router(),
    described.router(TOLD),
)


def create(settings: ExchangeSettings, clock: Clock = utc_now) -> FastAPI:
    """Return the app; its jobs start and stop with it.

    Raises:
        KeystoreError: the passphrase is wrong, or as `compose`.
    """
    keystore = Keystore.open(settings.keystore, settings.passphrase_file)
    return compose(settings, keystore, clock)


def compose(settings: ExchangeSettings, keystore: Keystore, clock: Clock) -> FastAPI:
    """Return the app over an opened keystore.

    Raises:
        KeystoreError: a key is missing.
        ProtocolError: a key, the registry of officers or the pinned root is not what it should be.
    """
    parts = _parts(settings, keystore, clock)
    stopping = threading.Event()
    jobs = _jobs(parts, settings, Assertions.load("exchange", keystore, clock), stopping)
    crew = Crew(jobs, stopping, parts.database.pulse)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        crew.start()
        try:
            yield
        finally:
            crew.stop()
            parts.database.close()

    def readiness() -> Mapping[str, str]:
        states = {"directory": parts.directory.state, "log": parts.own_log.state}
        return {**crew.problems(), **states}

    app = create_app("rogatory exchange", routers=ROUTERS, readiness=readiness, lifespan=lifespan)
    guard.place(app, "exchange", routers=ROUTERS, keys=settings.internal_keys, clock=clock)
    app.state.parts = parts
    repeats.install(app)
    app.state.jobs = jobs
    seal = {"bag-seal": settings.bag_seal_cert}
    app.state.ground = condition.Ground(
        folder=settings.data, database=parts.database, clock=clock, certificates=seal
    )
    return app


def _parts(settings: ExchangeSettings, keystore: Keystore, clock: Clock) -> Parts:
    database = open_database(settings.database_url("exchange"))
    migrate(database, "services.exchange.migrations")
    return Parts(
        database=database,
        vault=Vault.open_in(settings.data),
        keyring=Keyring.load(
            keystore,
            country=parse_country(settings.country),
            log_origin=settings.log_origin,
            bag_seal_cert=settings.bag_seal_cert,
            bag_seal_ca=settings.bag_seal_ca,
        ),
        officers=Officers.load(settings.officers),
        directory=Directory(settings.data / "directory.json", settings.root.read_bytes()),
        own_log=OwnLog(),
        refusals=Refusals(database, clock),
        clock=clock,
    )


def _jobs(
    parts: Parts, settings: ExchangeSettings, assertions: Assertions, stopping: threading.Event
) -> Mapping[str, Job]:
    """Every job of the exchange, by the name of its thread."""
    gateway = json_client(settings.gateway_internal_url, auth=InternalAuth(assertions, "gateway"))
    audit = json_client(settings.audit_url, auth=InternalAuth(assertions, "audit"))
    database, keyring, clock = parts.database, parts.keyring, parts.clock
    return {
        "recorder": Recorder(database=database, audit=audit, clock=clock),
        "prover": Prover(
            database=database,
            audit=audit,
            country=keyring.country,
            directory=parts.directory,
            clock=clock,
            wait=stopping.wait,
        ),
        "courier": Courier(
            database=database, gateway=gateway, audit=audit, keyring=keyring, clock=clock
        ),
        "refresher": Refresher(gateway=gateway, directory=parts.directory, clock=clock),
        "log": LogWatch(audit=audit, own_log=parts.own_log, clock=clock),
        "deadlines": Deadlines(database=database, keyring=keyring, clock=clock),
        "channels": ChannelWatch(database=database, clock=clock),
        "clocks": ClockWatch(
            database=database, clock=clock, effects=misses.effects(parts.bench, clock)
        ),
        "disposer": Disposer(bench=parts.bench, clock=clock),
        "refusals": parts.refusals,
        **_bulk_jobs(parts, settings, assertions, stopping),
    }


def _bulk_jobs(
    parts: Parts, settings: ExchangeSettings, assertions: Assertions, stopping: threading.Event
) -> Mapping[str, Job]:
    """The jobs that go through all of a package's content."""
    host = platform.node()

    def mint(method: str, path: str) -> Mapping[str, str]:
        return {HEADER: assertions.mint("gateway", method, path)}

    return {
        "closer": Closer(
            database=parts.database,
            vault=parts.vault,
            keyring=parts.keyring,
            directory=parts.directory,
            clock=parts.clock,
            stopping=stopping.is_set,
            name=f"closer@{host}",
        ),
        "fetcher": Fetcher(
            database=parts.database,
            vault=parts.vault,
            keyring=parts.keyring,
            directory=parts.directory,
            wire=Wire(bulk_pool(settings.gateway_internal_url), mint),
            clock=parts.clock,
            stopping=stopping.is_set,
            name=f"fetcher@{host}",
        ),
    }


def main() -> None:
    """Run the service."""
    settings = load(ExchangeSettings)
    logs.configure("exchange", settings.log_level)
    run(make_server(create(settings), settings.exchange_listen))
