"""The public listener: TLS of our own, or a Unix socket behind the proxy that speaks TLS for us."""

import sys

from starlette.types import ASGIApp

from services.gateway.settings import GatewaySettings
from shared.protocol.canonical import Json
from shared.runtime import server
from shared.runtime.closures import Closures
from shared.runtime.edge import EdgeProtocol
from shared.runtime.origin import BehindProxy, Direct
from shared.runtime.proxied import ProxiedProtocol
from shared.runtime.settings import EXIT_CONFIGURATION
from shared.runtime.tls import LiveCertificate


class Listening:
    """How callers reach the gateway, and what they were refused before it."""

    def __init__(self, settings: GatewaySettings) -> None:
        """Read the certificate, if TLS is ours; exits with status 2 if its files are not named."""
        self.closures = Closures()
        self._place = settings.gateway_listen
        self._certificate = None if self.proxied else _certificate(settings)

    @property
    def proxied(self) -> bool:
        """Whether a proxy stands before us."""
        return self._place.startswith(server.UNIX)

    def refused(self) -> dict[tuple[str, str], int]:
        """Return how many calls of each address were refused before an app saw them, since asked."""
        taken = self.closures.take()
        return {(address, f"edge/{reason}"): n for (address, reason), n in taken.items()}

    def health(self) -> Json:
        """Say who speaks TLS; red while the newest certificate cannot be used."""
        if self._certificate is None:
            return {"level": "green", "tls": "proxy", "says": []}
        error = self._certificate.error
        says = [f"The new certificate cannot be used: {error}"] if error else []
        return {"level": "red" if error else "green", "tls": "own", "says": [*says]}

    def stop(self) -> None:
        """Follow the certificate's files no longer."""
        if self._certificate is not None:
            self._certificate.stop()

    def serve(self, app: ASGIApp) -> server.QuietServer:
        """Prepare the listener and follow the certificate's files; for the main thread."""
        if self._certificate is None:
            return server.make_server(
                BehindProxy(app), self._place, protocol=ProxiedProtocol, closures=self.closures
            )
        self._certificate.follow_signal()
        self._certificate.start()
        return server.make_server(
            Direct(app),
            self._place,
            context=self._certificate.context,
            protocol=EdgeProtocol,
            closures=self.closures,
        )


def _certificate(settings: GatewaySettings) -> LiveCertificate:
    if settings.tls_cert is None or settings.tls_key is None:
        sys.stderr.write("ROGATORY_TLS_CERT and ROGATORY_TLS_KEY: a listener with TLS needs both\n")
        sys.exit(EXIT_CONFIGURATION)
    return LiveCertificate(settings.tls_cert, settings.tls_key)
