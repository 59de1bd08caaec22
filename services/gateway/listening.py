"""The public listener: TLS of our own, or a Unix socket behind the proxy that speaks TLS for us."""

import sys

from starlette.types import ASGIApp

from services.gateway.settings import GatewaySettings
from shared.runtime import server, tls
from shared.runtime.edge import EdgeProtocol, ProxiedProtocol
from shared.runtime.origin import BehindProxy, Direct
from shared.runtime.settings import EXIT_CONFIGURATION


def public(app: ASGIApp, settings: GatewaySettings) -> server.QuietServer:
    """Prepare the listener that callers reach.

    Exits with status 2 if TLS is ours and its files are not named.
    """
    listen = settings.gateway_listen
    if listen.startswith(server.UNIX):
        return server.make_server(BehindProxy(app), listen, protocol=ProxiedProtocol)
    if settings.tls_cert is None or settings.tls_key is None:
        sys.stderr.write("ROGATORY_TLS_CERT and ROGATORY_TLS_KEY: a listener with TLS needs both\n")
        sys.exit(EXIT_CONFIGURATION)
    context = tls.server_context(settings.tls_cert, settings.tls_key)
    return server.make_server(Direct(app), listen, context=context, protocol=EdgeProtocol)
