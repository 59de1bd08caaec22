"""Put the log's service together: what its routes work with, and its threads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx

from services.audit import publication
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
from services.audit.routes.parts import Parts
from services.audit.settings import AuditSettings
from services.audit.shelf import Shelf, read_places
from services.audit.signals import Signals
from services.audit.stamping import Stamper
from services.audit.witnesses import Witnesses
from services.audit.witnessing import Witnessing
from services.audit.worker import Log, Sequencer
from shared.protocol.cosignatures import WitnessKey
from shared.runtime.authorities import read_authorities
from shared.runtime.crew import Job
from shared.runtime.http import json_client
from shared.runtime.keystore import Keystore
from shared.runtime.principals import Assertions, InternalAuth
from shared.runtime.refreshing import Refresher


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The sequencer, the other jobs by the names of their threads, and what the routes work with."""

    parts: Parts
    sequencer: Sequencer
    jobs: Mapping[str, Job]


def assemble(
    opened: Log, membership: Membership, settings: AuditSettings, keystore: Keystore
) -> Service:
    """Compose the parts of the service over an opened log.

    Raises:
        KeystoreError: a key is missing.
    """
    signals = Signals()
    assertions = Assertions.load("audit", keystore, opened.clock)
    gateway = json_client(settings.gateway_internal_url, auth=InternalAuth(assertions, "gateway"))
    witnessing = _witnessing(opened, membership, signals, settings, gateway)
    sequencer = _sequencer(opened, witnessing, settings)
    parts = Parts(
        log=opened,
        signals=signals,
        membership=membership,
        shelf=Shelf(
            origin=opened.origin,
            database=opened.database,
            places=read_places(settings.closed_logs),
        ),
        stamper=_stamper(opened, settings, gateway),
        cosigner=_cosigner(opened, membership, signals, settings, keystore, gateway),
        witnessing=witnessing,
        leading=sequencer.leading,
        inspector=_inspector(opened),
    )
    jobs = (
        _jobs(parts, gateway)
        | _duties(parts, sequencer.leading, settings)
        | _last_duties(parts, sequencer.presiding)
    )
    return Service(parts=parts, sequencer=sequencer, jobs=jobs)


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


def _duties(parts: Parts, leading: Callable[[], bool], settings: AuditSettings) -> dict[str, Job]:
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


def _sequencer(opened: Log, witnessing: Witnessing, settings: AuditSettings) -> Sequencer:
    return Sequencer(
        opened,
        witnessing.signals,
        interval=timedelta(milliseconds=settings.batch_ms),
        assure=Assurance(
            membership=witnessing.membership,
            witnesses=witnessing.witnesses,
            contradiction=witnessing.contradiction,
            patience=timedelta(seconds=settings.witness_start_s),
        ),
    )


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
