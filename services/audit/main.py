"""Compose the audit service: settings and keys in, app out."""

import contextlib
import threading
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

from fastapi import FastAPI

from services.audit import inspecting, keyring, standing
from services.audit.assembly import Service, assemble
from services.audit.membership import Membership
from services.audit.routes import (
    closed,
    entries,
    erasures,
    evidence,
    inspections,
    log,
    operations,
    oversight,
    timestamps,
    witness,
)
from services.audit.routes.told import TOLD
from services.audit.settings import AuditSettings
from services.audit.signer import Signer
from services.audit.worker import Log
from shared.runtime import condition, described, guard, logs
from shared.runtime.app import create_app
from shared.runtime.clock import Clock, utc_now
from shared.runtime.crew import Crew
from shared.runtime.database import migrate, open_database
from shared.runtime.directory import Directory
from shared.runtime.keystore import Keystore
from shared.runtime.server import make_server, run
from shared.runtime.settings import load

ROUTERS = (
    entries.router,
    erasures.router,
    log.router,
    closed.router,
    oversight.router,
    timestamps.router,
    operations.router,
    inspections.router,
    witness.router,
    evidence.router,
    condition.router(),
    described.router(TOLD),
)


def create(settings: AuditSettings, clock: Clock = utc_now) -> FastAPI:
    """Return the app; its sequencer starts and stops with it.

    A log that must not be extended as it stands is still served: `/readyz` says why it is stopped.

    Raises:
        KeystoreError: a key is missing, or is another log's.
        OperationalError: the database does not answer.
    """
    keystore = Keystore.open(settings.keystore, settings.passphrase_file)
    key, *more = keyring.log_keys(keystore, settings)
    database = open_database(settings.database_url("audit"))
    migrate(database, "services.audit.migrations")
    directory = Directory(settings.data / "directory.json", settings.root.read_bytes())
    membership = Membership(
        directory=directory, country=settings.country, origin=settings.log_origin
    )
    opened = Log(
        database=database,
        origin=key.origin,
        confidential=keyring.confidential(keystore),
        signer=Signer(key, settings.signer_state, *more),
        policy=lambda: membership.policy,
        clock=clock,
    )
    return _app(opened, membership, settings, keystore)


def _app(
    opened: Log, membership: Membership, settings: AuditSettings, keystore: Keystore
) -> FastAPI:
    service = assemble(opened, membership, settings, keystore)
    crew = Crew(service.jobs, threading.Event(), opened.database.pulse)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        crew.start()
        try:
            service.sequencer.start()
            yield
        finally:
            crew.stop()
            service.sequencer.stop()
            service.parts.shelf.close()
            opened.database.close()

    app = create_app(
        "rogatory audit",
        routers=ROUTERS,
        readiness=lambda: _readiness(service, crew, settings),
        lifespan=lifespan,
    )
    keys = settings.internal_keys
    guard.place(app, "audit", routers=ROUTERS, keys=keys, clock=opened.clock)
    app.state.parts = service.parts
    app.state.jobs = service.jobs
    app.state.ground = condition.Ground(
        folder=settings.data, database=opened.database, clock=opened.clock, certificates={}
    )
    return app


def _readiness(service: Service, crew: Crew, settings: AuditSettings) -> Mapping[str, str]:
    """What `/readyz` says of each part."""
    parts, log = service.parts, service.parts.log
    return {
        "sequencer": service.sequencer.state,
        **crew.problems(),
        "directory": parts.membership.directory.state,
        "witnessed": standing.state(
            database=log.database,
            membership=parts.membership,
            alarm_after=timedelta(seconds=settings.witness_alarm_s),
            clock=log.clock,
        ),
        "witness": parts.cosigner.state,
        "inspection": inspecting.state(log.database, log.clock),
    }


def main() -> None:
    """Run the service."""
    settings = load(AuditSettings)
    logs.configure("audit", settings.log_level)
    run(make_server(create(settings), settings.audit_listen))
