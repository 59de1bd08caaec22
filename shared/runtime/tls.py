"""The server's side of TLS: 1.3 only, no resumption."""

import ssl
from pathlib import Path


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a TLS 1.3 context for a certificate chain and its key (PEM files).

    No session tickets: a resumed session would outlive a change of certificate or trust.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_cert_chain(certificate, key)
    return context
