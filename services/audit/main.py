"""Compose the audit service: settings and keys in, app out."""

import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta

import httpx
from fastapi import FastAPI

from services.audit import inspecting, keyring, publication, standing
from services.audit.assuring import Assurance
from services.audit.cosigning import Cosigner
from services.audit.duties import Duty
from services.audit.governing import PolicyWatch
from services.audit.heartbeat import Heartbeat
from services.audit.indexing import Indexer
from services.audit.inquiring import Inquiry
from services.audit.inspecting import Inspector
from services.audit.marks import Marks
from services.audit.membership import Membership
from services.audit.recalling import Published
from services.audit.remembering import Memory
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
from services.audit.routes.parts import Parts
from services.audit.settings import AuditSettings
from services.audit.shelf import Shelf, read_places
from services.audit.signals import Signals
from services.audit.signer import Signer
from services.audit.stamping import Stamper
from services.audit.witnesses import Witnesses
from services.audit.witnessing import Witnessing
from services.audit.worker import Log, Sequencer
from shared.protocol.cosignatures import WitnessKey
from shared.runtime import logs
from shared.runtime.app import create_app
from shared.runtime.authorities import read_authorities
from shared.runtime.clock import Clock, utc_now
from shared.runtime.crew import Crew, Job
from shared.runtime.database import migrate, open_database
from shared.runtime.directory import Directory
from shared.runtime.http import json_client
from shared.runtime.keystore import Keystore
from shared.runtime.principals import Assertions, Doorman, InternalAuth
from shared.runtime.refreshing import Refresher
from shared.runtime.server import make_server, run
from shared.runtime.settings import load


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
    signals = Signals()
    directory = membership.directory
    assertions = Assertions.load("audit", keystore, opened.clock)
    gateway = json_client(settings.gateway_internal_url, auth=InternalAuth(assertions, "gateway"))
    stamper = _stamper(opened, settings, gateway)
    cosigner = _cosigner(opened, membership, signals, settings, keystore, gateway)
    witnessing = _witnessing(opened, membership, signals, settings, gateway)
    sequencer = Sequencer(
        opened,
        signals,
        interval=timedelta(milliseconds=settings.batch_ms),
        assure=Assurance(
            membership=membership,
            witnesses=witnessing.witnesses,
            contradiction=witnessing.contradiction,
            patience=timedelta(seconds=settings.witness_start_s),
        ),
    )
    parts = Parts(
        log=opened,
        signals=signals,
        membership=membership,
        shelf=Shelf(
            origin=opened.origin,
            database=opened.database,
            places=read_places(settings.closed_logs),
        ),
        stamper=stamper,
        cosigner=cosigner,
        witnessing=witnessing,
        leading=sequencer.leading,
        inspector=_inspector(opened),
    )
    duties = _duties(parts, gateway, sequencer.leading, settings)
    jobs = _jobs(parts, gateway) | duties | _last_duties(parts, sequencer.presiding)
    crew = Crew(jobs, threading.Event(), opened.database.pulse)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        crew.start()
        try:
            sequencer.start()
            yield
        finally:
            crew.stop()
            sequencer.stop()
            parts.shelf.close()
            opened.database.close()

    def readiness() -> Mapping[str, str]:
        return {
            "sequencer": sequencer.state,
            **crew.problems(),
            "directory": directory.state,
            "witnessed": standing.state(
                database=opened.database,
                membership=membership,
                alarm_after=timedelta(seconds=settings.witness_alarm_s),
                clock=opened.clock,
            ),
            "witness": parts.cosigner.state,
            "inspection": inspecting.state(opened.database, opened.clock),
        }

    app = create_app(
        "rogatory audit",
        routers=[
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
        ],
        readiness=readiness,
        lifespan=lifespan,
    )
    app.state.doorman = Doorman.load("audit", settings.internal_keys, opened.clock)
    app.state.parts = parts
    app.state.jobs = jobs
    return app


def _jobs(parts: Parts, gateway: httpx.Client) -> dict[str, Job]:
    """What every process of the log does, by the name of its thread."""
    return {
        "refresher": Refresher(
            gateway=gateway, directory=parts.membership.directory, clock=parts.log.clock
        ),
        "inspecting": parts.inspector,
        "inquiring": Inquiry(cosigner=parts.cosigner, gateway=gateway),
    }


def _inspector(opened: Log) -> Inspector:
    return Inspector(
        database=opened.database,
        confidential=opened.confidential,
        origin=opened.origin,
        vkeys=opened.signer.vkeys,
        clock=opened.clock,
    )


def _duties(
    parts: Parts, _gateway: httpx.Client, leading: Callable[[], bool], settings: AuditSettings
) -> dict[str, Job]:
    """What the leader alone does, by the name of its thread."""
    log = parts.log
    indexer = Indexer(
        database=log.database,
        confidential=log.confidential,
        clock=log.clock,
        every=timedelta(seconds=settings.index_s),
    )
    duties: dict[str, Job] = {
        "indexing": indexer,
        "governing": PolicyWatch(
            database=log.database,
            membership=parts.membership,
            confidential=log.confidential,
            signals=parts.signals,
            clock=log.clock,
        ),
        "heartbeat": Heartbeat(
            database=log.database,
            confidential=log.confidential,
            signals=parts.signals,
            every=timedelta(seconds=settings.heartbeat_s),
            clock=log.clock,
        ),
    }
    return {name: Duty(job=job, leading=leading) for name, job in duties.items()}


def _last_duties(parts: Parts, presiding: Callable[[], bool]) -> dict[str, Job]:
    """What the leader does, and goes on with when the log is closed: its end is to be witnessed."""
    duties: dict[str, Job] = {"stamping": parts.stamper, "witnessing": parts.witnessing}
    return {name: Duty(job=job, leading=presiding) for name, job in duties.items()}


def _witnessing(
    opened: Log,
    membership: Membership,
    signals: Signals,
    settings: AuditSettings,
    gateway: httpx.Client,
) -> Witnessing:
    return Witnessing(
        database=opened.database,
        membership=membership,
        witnesses=Witnesses(gateway=gateway, origin=opened.origin),
        contradiction=lambda note: publication.contradiction(
            note, database=opened.database, origin=opened.origin, vkeys=opened.signer.vkeys
        ),
        signals=signals,
        pace=timedelta(milliseconds=settings.witness_ms),
        clock=opened.clock,
    )


def _stamper(opened: Log, settings: AuditSettings, gateway: httpx.Client) -> Stamper:
    return Stamper(
        database=opened.database,
        gateway=gateway,
        authorities=read_authorities(settings.time_authorities),
        every=timedelta(seconds=settings.stamp_s),
        clock=opened.clock,
    )


def _cosigner(
    opened: Log,
    membership: Membership,
    signals: Signals,
    settings: AuditSettings,
    keystore: Keystore,
    gateway: httpx.Client,
) -> Cosigner:
    """Our witness of other countries' logs."""
    key = WitnessKey.from_bytes(keystore.get("witness"))
    return Cosigner(
        key=key,
        membership=membership,
        memory=Memory(
            vkeys=key.vkeys(),
            database=opened.database,
            marks=Marks(settings.witness_state),
            ask=Published(gateway=gateway),
            clock=opened.clock,
        ),
        confidential=opened.confidential,
        signals=signals,
    )


def main() -> None:
    """Run the service."""
    settings = load(AuditSettings)
    logs.configure("audit", settings.log_level)
    run(make_server(create(settings), settings.audit_listen))
