"""Compose and run the directory process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.directory import repository, routes
from services.directory.resigning import Resigner
from services.directory.settings import DirectorySettings
from shared.runtime import logs, server
from shared.runtime.app import create_app
from shared.runtime.clock import Clock, utc_now
from shared.runtime.edge import Edge, EdgeProtocol
from shared.runtime.keystore import Keystore
from shared.runtime.origin import Direct
from shared.runtime.settings import load
from shared.runtime.tls import LiveCertificate


def create(settings: DirectorySettings, *, clock: Clock = utc_now) -> ASGIApp:
    """Return the app; its thread re-signs as long as it lives."""
    keystore = Keystore.open(settings.keystore, settings.passphrase_file)
    online = repository.OnlineKeys(
        snapshot=repository.read_signer(keystore.get("online-snapshot")),
        timestamp=repository.read_signer(keystore.get("online-timestamp")),
    )
    resigner = Resigner(settings.directory_repo, online, clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        resigner.start()
        yield
        resigner.stop()

    def readiness() -> dict[str, str]:
        return {"resigner": resigner.state}

    app = create_app(
        "Rogatory directory", routers=[routes.router], readiness=readiness, lifespan=lifespan
    )
    app.state.repository = settings.directory_repo
    return Edge(app)


def main() -> None:
    """Serve the repository over TLS until told to stop."""
    settings = load(DirectorySettings)
    logs.configure("directory", settings.log_level)
    certificate = LiveCertificate(settings.tls_cert, settings.tls_key)
    certificate.follow_signal()
    certificate.start()
    listener = server.make_server(
        Direct(create(settings)),
        settings.directory_listen,
        context=certificate.context,
        protocol=EdgeProtocol,
    )
    server.run(listener)
