"""Compose the exchange: settings and keys in, app out."""

import contextlib
import platform
import threading
from collections.abc import AsyncIterator, Mapping

from fastapi import FastAPI

from services.exchange.approving import Officers
from services.exchange.closing import Closer
from services.exchange.courier import Courier
from services.exchange.directory import Directory
from services.exchange.keyring import Keyring
from services.exchange.recording import Recorder
from services.exchange.routes import packages, requests
from services.exchange.routes.parts import Parts
from services.exchange.settings import ExchangeSettings
from services.exchange.vault import Vault
from services.exchange.worker import Crew, Job
from shared.protocol.identifiers import parse_country
from shared.runtime import logs
from shared.runtime.app import create_app
from shared.runtime.clock import Clock, utc_now
from shared.runtime.database import migrate, open_database
from shared.runtime.http import json_client
from shared.runtime.keystore import Keystore
from shared.runtime.principals import Assertions, Doorman, InternalAuth
from shared.runtime.server import make_server, run
from shared.runtime.settings import load

ROUTERS = (requests.router, packages.router)


def create(settings: ExchangeSettings, clock: Clock = utc_now) -> FastAPI:
    """Return the app; its jobs start and stop with it.

    Raises:
        KeystoreError: a key is missing, or the passphrase is wrong.
        ProtocolError: a key, the registry of officers or the pinned root is not what it should be.
    """
    keystore = Keystore.open(settings.keystore, settings.passphrase_file)
    parts = _parts(settings, keystore, clock)
    stopping = threading.Event()
    jobs = _jobs(parts, settings, Assertions.load("exchange", keystore, clock), stopping)
    crew = Crew(jobs, stopping)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        crew.start()
        try:
            yield
        finally:
            crew.stop()
            parts.database.close()

    app = create_app(
        "rogatory exchange", routers=ROUTERS, readiness=crew.problems, lifespan=lifespan
    )
    app.state.doorman = Doorman.load("exchange", settings.internal_keys, clock)
    app.state.parts = parts
    app.state.jobs = jobs
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
        clock=clock,
    )


def _jobs(
    parts: Parts, settings: ExchangeSettings, assertions: Assertions, stopping: threading.Event
) -> Mapping[str, Job]:
    gateway = json_client(settings.gateway_internal_url, auth=InternalAuth(assertions, "gateway"))
    audit = json_client(settings.audit_url, auth=InternalAuth(assertions, "audit"))
    host = platform.node()
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
        "recorder": Recorder(
            database=parts.database,
            audit=audit,
            country=parts.keyring.country,
            clock=parts.clock,
        ),
        "courier": Courier(
            database=parts.database,
            gateway=gateway,
            audit=audit,
            keyring=parts.keyring,
            clock=parts.clock,
        ),
    }


def main() -> None:
    """Run the service."""
    settings = load(ExchangeSettings)
    logs.configure("exchange", settings.log_level)
    run(make_server(create(settings), settings.exchange_listen))
