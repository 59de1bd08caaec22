"""Certificates and real sockets for tests."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

from shared.runtime import tls
from shared.runtime.closures import Closures
from shared.runtime.server import make_server


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate authority and a server certificate for 127.0.0.1 that it issued."""

    ca: Path
    certificate: Path
    key: Path


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - real sockets, real time


def make_certificates(folder: Path) -> Certificates:
    folder.mkdir(parents=True)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA {folder.name}")])
    ca = _builder(ca_name, ca_name, ca_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
    addresses = x509.SubjectAlternativeName(
        [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost")]
    )
    leaf = _builder(name, ca_name, key.public_key()).add_extension(addresses, critical=False)
    made = Certificates(folder / "ca.pem", folder / "tls.pem", folder / "tls.key")
    pem = serialization.Encoding.PEM
    made.ca.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    made.certificate.write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    made.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=30))
    )


def listening() -> tuple[socket.socket, int]:
    """Bind an ephemeral port now, so that its number can stand in documents."""
    bound = socket.create_server(("127.0.0.1", 0))
    return bound, bound.getsockname()[1]


@contextlib.contextmanager
def serving(
    app: ASGIApp,
    bound: socket.socket,
    *,
    certificates: Certificates | None = None,
    protocol: type[asyncio.Protocol] | str = "httptools",
    closures: Closures | None = None,
) -> Iterator[None]:
    """Run an app on a socket in a thread of its own."""
    context = None
    if certificates is not None:
        context = tls.server_context(certificates.certificate, certificates.key)
    running = make_server(app, "127.0.0.1:0", context=context, protocol=protocol, closures=closures)

    def run() -> None:
        with asyncio.Runner(loop_factory=running.config.get_loop_factory()) as runner:
            runner.run(running.serve(sockets=[bound]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield
    finally:
        running.should_exit = True
        thread.join(20)
