"""The two countries' audits, real but for their witnesses: these are played (`pair.Country.witnessed`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fastapi import FastAPI

from services.audit.confidential import Confidential
from services.audit.main import _app as compose_audit
from services.audit.membership import Membership
from services.audit.settings import AuditSettings
from services.audit.signer import Signer
from services.audit.worker import Log
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import WitnessKey
from shared.runtime.database import migrate, open_database
from shared.runtime.directory import Directory
from shared.runtime.keystore import Keystore
from shared.runtime.principals import Assertions
from tests.service.exchange.node import Clock


def open_audit(country: str, federation: Path, data: Path, clock: Clock) -> FastAPI:
    """Compose a country's audit over (new or old) data."""
    etc = federation / country / "audit/etc"
    folder = data / f"{country}-audit"
    folder.mkdir(parents=True, exist_ok=True)
    settings = AuditSettings(
        country=country,
        data=folder,
        passphrase_file=etc / "passphrase",
        keystore=etc / "keystore",
        internal_keys=etc / "internal",
        root=etc / "root.json",
        audit_listen="127.0.0.1:0",
        gateway_internal_url="http://127.0.0.1:9",
        log_origin=f"{country.lower()}.rogatory.example/log",
        batch_ms=1,
        witness_start_s=0,
    )
    keystore = keystore_in(etc)
    database = open_database(settings.database_url("audit"))
    migrate(database, "services.audit.migrations")
    storage = hashlib.sha256(country.encode()).digest()
    # It knows no policy, so it asks no witness and publishes nothing by itself (`Country.witnessed`).
    directory = Directory(settings.data / "directory.json", settings.root.read_bytes())
    log = Log(
        database=database,
        origin=settings.log_origin,
        confidential=Confidential(keystore.get("log-case"), storage),
        signer=Signer(LogKey.from_bytes(keystore.get("log")), settings.signer_state),
        policy=lambda: None,
        clock=clock,
    )
    return compose_audit(log, Membership(directory=directory, country=country), settings, keystore)


@cache
def keystore_in(etc: Path) -> Keystore:
    """Open a keystore once: it takes as long as all the rest."""
    return Keystore.open(etc / "keystore", etc / "passphrase")


@cache
def witness_of(country: str, federation: Path) -> WitnessKey:
    """The key with which a country's audit cosigns other logs."""
    return WitnessKey.from_bytes(keystore_in(federation / country / "audit/etc").get("witness"))


@cache
def exchange_key(federation: Path, country: str) -> Mapping[str, str]:
    """The key with which a country's exchange asserts who it is."""
    etc = federation / country / "exchange/etc"
    return Assertions.load("exchange", keystore_in(etc), Clock()).key
