"""A small federation on loopback: certificates, a directory, nodes with a real gateway each."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from securesystemslib.signer import CryptoSigner
from starlette.types import ASGIApp

from services.directory import repository
from services.directory.main import create as create_directory
from services.directory.settings import DirectorySettings
from services.gateway.main import create as create_gateway
from services.gateway.settings import GatewaySettings
from shared.protocol import canonical, jose, trust
from shared.protocol.keys import KemKey, SealKey
from shared.runtime import tls
from shared.runtime.edge import EdgeProtocol
from shared.runtime.keystore import Keystore
from shared.runtime.server import make_server

SCOPES: Mapping[str, Sequence[str]] = {
    "preparer": ("requests:read", "requests:write", "requests:execute", "packages:prepare"),
    "approver": ("requests:read", "requests:approve", "packages:approve"),
    "receiver": ("requests:read", "packages:receive"),
    "oversight": ("audit:read",),
    "ops": ("ops:health",),
}
FOREVER = 2**40


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
) -> Iterator[None]:
    """Run an app on a socket in a thread of its own."""
    context = None
    if certificates is not None:
        context = tls.server_context(certificates.certificate, certificates.key)
    running = make_server(app, "127.0.0.1:0", context=context, protocol=protocol)

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


@dataclass
class Node:
    """One country: where its gateway is, and the keys of its clients."""

    country: str
    folder: Path
    certificates: Certificates
    public: tuple[socket.socket, int]
    internal: tuple[socket.socket, int]
    signer: CryptoSigner
    clients: dict[str, dict[str, canonical.Json]]
    proof_key: dict[str, canonical.Json]
    internal_keys: dict[str, dict[str, canonical.Json]]
    peer_key: dict[str, canonical.Json]
    status: str = "active"
    upstreams: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.public[1]}"

    def client_id(self, role: str) -> str:
        return f"urn:rogatory:{self.country}:{role}"


def make_node(country: str, folder: Path) -> Node:
    folder.mkdir()
    node = Node(
        country=country,
        folder=folder,
        certificates=make_certificates(folder / f"certificates-{country}"),
        public=listening(),
        internal=listening(),
        signer=CryptoSigner.generate_ed25519(),
        clients={role: jose.generate() for role in SCOPES},
        proof_key=jose.generate(),
        internal_keys={name: jose.generate() for name in ("gateway", "exchange", "audit")},
        peer_key=jose.generate(),
    )
    (folder / "passphrase").write_text("a passphrase")
    (folder / "internal").mkdir()
    for name, key in node.internal_keys.items():
        path = folder / "internal" / f"{name}.pub.jwk"
        path.write_bytes(canonical.encode(jose.public_part(key)))
    keystore = Keystore.create(folder / "keystore", folder / "passphrase")
    keys = {"internal-gateway": node.internal_keys["gateway"], "peer-client": node.peer_key}
    for name in ("token", "peer-dpop"):
        keys[name] = jose.generate()
    for name, key in keys.items():
        keystore.put(name, canonical.encode(key))
    write_clients(node, {})
    return node


def write_clients(node: Node, status: Mapping[str, str]) -> None:
    listed = [
        {
            "client_id": node.client_id(role),
            "role": role,
            "scopes": list(SCOPES[role]),
            "keys": [jose.public_part(key)],
            "status": status.get(role, "active"),
        }
        for role, key in node.clients.items()
    ]
    (node.folder / "clients.json").write_bytes(canonical.encode({"clients": listed}))


def member(node: Node, **changes: object) -> trust.Member:
    seal, kem = SealKey.generate().public().to_json(), KemKey.generate().public().to_json()
    always = {"nbf": 0, "exp": FOREVER}
    document = {
        "v": 1,
        "country": node.country,
        "name": f"Central authority of {node.country}",
        "status": node.status,
        "gateway": node.url,
        "issuer": node.url,
        "tls_anchors": [node.certificates.ca.read_text()],
        "client_jwks": [jose.public_part(node.peer_key)],
        "seal": [{**seal, **always}],
        "kem": [{**kem, **always}],
        "bag_seal_ca": node.certificates.ca.read_text(),
        "log": {"origin": f"log.{node.country}", "url": f"{node.url}/log", "vkeys": []},
        "suites": ["rogatory-1"],
        "instruments": ["UNTOC"],
        "contacts": {},
        "not_before": 0,
        "not_after": FOREVER,
        **changes,
    }
    return trust.Member.from_bytes(canonical.encode(document))


@dataclass
class Federation:
    """The directory and its keys."""

    folder: Path
    certificates: Certificates
    socket: tuple[socket.socket, int]
    offline: repository.OfflineKeys
    online: repository.OnlineKeys
    root: bytes

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.socket[1]}"

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def publish(self, node: Node, **changes: object) -> None:
        document = member(node, **changes).to_bytes()
        repository.publish_member(self.repository, document, signer=node.signer, now=now())
        repository.refresh(self.repository, online=self.online, now=now())

    def app(self) -> ASGIApp:
        settings = DirectorySettings(
            directory_listen="127.0.0.1:0",
            directory_repo=self.repository,
            tls_cert=self.certificates.certificate,
            tls_key=self.certificates.key,
            keystore=self.folder / "keystore",
            passphrase_file=self.folder / "passphrase",
        )
        return create_directory(settings)


def make_federation(folder: Path, nodes: Sequence[Node]) -> Federation:
    folder.mkdir()
    offline, online = repository.OfflineKeys.generate(), repository.OnlineKeys.generate()
    root = repository.create_repository(
        folder / "repository",
        offline=offline,
        online=online,
        countries={node.country: node.signer.public_key for node in nodes},
        now=now(),
    )
    (folder / "passphrase").write_text("a passphrase")
    keystore = Keystore.create(folder / "keystore", folder / "passphrase")
    keystore.put("online-snapshot", online.snapshot.private_bytes)
    keystore.put("online-timestamp", online.timestamp.private_bytes)
    made = Federation(
        folder, make_certificates(folder / "certificates"), listening(), offline, online, root
    )
    for node in nodes:
        (node.folder / "root.json").write_bytes(root)
        made.publish(node)
    return made


def settings(node: Node, federation: Federation) -> GatewaySettings:
    return GatewaySettings(
        country=node.country,
        data=node.folder,
        passphrase_file=node.folder / "passphrase",
        keystore=node.folder / "keystore",
        internal_keys=node.folder / "internal",
        root=node.folder / "root.json",
        gateway_listen="127.0.0.1:0",
        gateway_internal_listen="127.0.0.1:0",
        gateway_url=node.url,
        tls_cert=node.certificates.certificate,
        tls_key=node.certificates.key,
        exchange_url=node.upstreams["exchange"],
        audit_url=node.upstreams["audit"],
        directory_url=federation.url,
        directory_ca=federation.certificates.ca,
        clients=node.folder / "clients.json",
    )


@contextlib.contextmanager
def gateway(node: Node, federation: Federation) -> Iterator[None]:
    """Run a node's gateway on both of its sockets."""
    made = create_gateway(settings(node, federation))
    with (
        serving(made.public, node.public[0], certificates=node.certificates, protocol=EdgeProtocol),
        serving(made.internal, node.internal[0]),
    ):
        yield
