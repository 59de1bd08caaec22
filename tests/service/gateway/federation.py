"""A small federation on loopback: certificates, a directory, nodes with a real gateway each."""

import contextlib
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from starlette.types import ASGIApp

from services.directory import repository
from services.directory.main import create as create_directory
from services.directory.settings import DirectorySettings
from services.gateway.main import create as create_gateway
from services.gateway.rates import Policy
from services.gateway.settings import GatewaySettings
from shared.protocol import canonical, jose, trust
from shared.protocol.keys import KemKey, SealKey
from shared.runtime.edge import EdgeProtocol
from shared.runtime.keystore import Keystore
from tests import founding
from tests.service.gateway.sockets import (
    Certificates,
    listening,
    make_certificates,
    now,
    serving,
)

SCOPES: Mapping[str, Sequence[str]] = {
    "preparer": ("requests:read", "requests:write", "requests:execute", "packages:prepare"),
    "approver": ("requests:read", "requests:approve", "packages:approve"),
    "receiver": ("requests:read", "packages:receive"),
    "oversight": ("audit:read",),
    "protection": ("audit:erase",),
    "ops": ("clients:propose", "clients:read", "ops:health"),
    "registrar": ("clients:approve", "clients:read"),
}
FOREVER = 2**40
PLENTY = dict.fromkeys([f"rate_{policy.value}" for policy in Policy], 100_000)


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
    time_authorities: Path | None = None
    rates: dict[str, int] = field(default_factory=dict)

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
    keys["peer-dpop"] = jose.generate()
    for name, key in keys.items():
        keystore.put(name, canonical.encode(key))
    keystore.put("token-wrap", secrets.token_bytes(32))
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
        "log": {
            "origin": f"log.{node.country}",
            "url": f"{node.url}/log",
            "vkeys": [],
            "policy": "quorum none\n",
            "unwitnessed_limit": 14400,
        },
        "closed_logs": [],
        "witness": {"url": f"{node.url}/witness", "vkeys": []},
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
    offline: founding.OfflineKeys
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
        founding.publish_member(self.repository, document, signer=node.signer, now=now())
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
    offline, online = founding.OfflineKeys.generate(), repository.OnlineKeys.generate()
    root = founding.create_repository(
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
        time_authorities=node.time_authorities,
    ).model_copy(update={**PLENTY, **node.rates})


@contextlib.contextmanager
def gateway(node: Node, federation: Federation) -> Iterator[None]:
    """Run a node's gateway on both of its sockets."""
    made = create_gateway(settings(node, federation))
    with (
        serving(made.public, node.public[0], certificates=node.certificates, protocol=EdgeProtocol),
        serving(made.internal, node.internal[0]),
    ):
        yield
