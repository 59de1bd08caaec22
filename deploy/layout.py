"""Where everything of a federation stands: addresses, folders, and what each service is told.

One folder a service, so that each can be a container's only volume: `<out>/<country>/<service>` holds
the service's data, and `etc` in it what bootstrap made for it. The keys that no process needs while
it runs (the directory's root, the authorities behind certificates) stand apart in `<out>/ceremony`.
The same code lays out a laboratory on loopback and the Compose pair.
"""

import secrets
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from shared.protocol import canonical

FEDERATION = "federation.json"  # written last: its presence says that all the rest is there
SERVICES = ("gateway", "exchange", "audit")
DIRECTORY = "directory"
SCHEMA = "schema"  # what makes the log's tables on PostgreSQL
SOCKET = Path("/run/rogatory/gateway.sock")  # between a node's proxy and its gateway, in containers
ANYWHERE = "0.0.0.0"  # noqa: S104 - a container's own network decides who reaches it
# One machine plays every desk, each command line draws a token of its own, and all share one address.
LABORATORY_RATES = {
    "ROGATORY_RATE_TOKENS": "6000",
    "ROGATORY_RATE_CALLS": "60000",
    "ROGATORY_RATE_OPEN": "6000",
    "ROGATORY_RATE_LOG": "60000",
}
PORTS = range(20000, 30000)  # below what systems hand out to outgoing connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where one node's services listen, and by which URLs they are called."""

    country: str
    url: str  # of the gateway; the issuer of its tokens
    host: str  # in the gateway's certificate, beside loopback
    gateway: str  # host:port to listen on, like the other three; or unix:/path, behind a proxy
    egress: str
    exchange: str
    audit: str
    egress_url: str
    exchange_url: str
    audit_url: str

    @property
    def proxied(self) -> bool:
        """Whether a proxy stands before the gateway, and speaks TLS for it."""
        return self.gateway.startswith("unix:")

    @property
    def log_origin(self) -> str:
        """The C2SP origin of the node's log: a name, not an address."""
        return f"{self.country.lower()}.rogatory.example/log"

    @property
    def witness_name(self) -> str:
        """The name of the node's witness; a name, not an address, and not the log's."""
        return f"{self.country.lower()}.rogatory.example/witness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """The nodes and the directory that vouches for them."""

    directory_url: str
    directory_host: str
    directory: str  # host:port to listen on
    nodes: tuple[Addresses, ...]


def on_loopback(countries: Sequence[str]) -> Federation:
    """Lay out a laboratory: every listener on its own free port of 127.0.0.1."""
    ports = free_ports()
    nodes = tuple(_loopback_node(country, ports) for country in countries)
    port = next(ports)
    return Federation(
        directory_url=f"https://127.0.0.1:{port}",
        directory_host="127.0.0.1",
        directory=f"127.0.0.1:{port}",
        nodes=nodes,
    )


def in_containers(countries: Sequence[str]) -> Federation:
    """Lay out the Compose pair: the services' names are host names, the ports are the same."""
    nodes = tuple(
        _container_node(country, public)
        for country, public in zip(countries, (8443, 9443), strict=True)
    )
    return Federation(
        directory_url="https://directory:8443",
        directory_host="directory",
        directory=f"{ANYWHERE}:8443",
        nodes=nodes,
    )


def write(federation: Federation) -> bytes:
    """Write a layout down, so that the next start finds the same addresses."""
    return canonical.encode(asdict(federation))


def read(content: bytes) -> Federation:
    """Read what `write` wrote."""
    return TypeAdapter(Federation).validate_json(content)


def free_ports() -> Iterator[int]:
    """Yield different ports that nothing listens on now."""
    seen: set[int] = set()
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe:
            if port in seen or probe.connect_ex(("127.0.0.1", port)) == 0 or not _claimed(port):
                continue
        seen.add(port)
        yield port


def _claimed(port: int) -> bool:
    """Claim a port before other processes that choose one now; a claim ends with its process (Linux)."""
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0rogatory-port-{port}")
    except OSError:
        claim.close()
        return False
    claim.detach()  # as long as this process lives
    return True


def environment(service: str, home: Path, node: Addresses, directory_url: str) -> dict[str, str]:
    """Say what a service of a node is told.

    Args:
        service: gateway, exchange or audit.
        home: the service's folder as the service sees it.
        node: where the node's services are.
        directory_url: where the directory is.

    Returns:
        Its environment variables, without the system's own.
    """
    etc = home / "etc"
    own = {"gateway": _gateway, "exchange": _exchange, "audit": _audit}[service]
    return {
        "ROGATORY_COUNTRY": node.country,
        "ROGATORY_DATA": str(home),
        "ROGATORY_KEYSTORE": str(etc / "keystore"),
        "ROGATORY_PASSPHRASE_FILE": str(etc / "passphrase"),
        "ROGATORY_INTERNAL_KEYS": str(etc / "internal"),
        "ROGATORY_ROOT": str(etc / "root.json"),
        **own(etc, node, directory_url),
    }


def directory_environment(home: Path, listen: str) -> dict[str, str]:
    """Say what the directory process is told."""
    etc = home / "etc"
    return {
        "ROGATORY_DIRECTORY_LISTEN": listen,
        "ROGATORY_DIRECTORY_REPO": str(home / "repository"),
        "ROGATORY_KEYSTORE": str(etc / "keystore"),
        "ROGATORY_PASSPHRASE_FILE": str(etc / "passphrase"),
        "ROGATORY_TLS_CERT": str(etc / "tls.pem"),
        "ROGATORY_TLS_KEY": str(etc / "tls.key"),
    }


def _gateway(etc: Path, node: Addresses, directory_url: str) -> dict[str, str]:
    own_tls = {
        "ROGATORY_TLS_CERT": str(etc / "tls.pem"),
        "ROGATORY_TLS_KEY": str(etc / "tls.key"),
    }
    return {
        **({} if node.proxied else own_tls),
        "ROGATORY_GATEWAY_LISTEN": node.gateway,
        "ROGATORY_GATEWAY_INTERNAL_LISTEN": node.egress,
        "ROGATORY_GATEWAY_URL": node.url,
        "ROGATORY_EXCHANGE_URL": node.exchange_url,
        "ROGATORY_AUDIT_URL": node.audit_url,
        "ROGATORY_DIRECTORY_URL": directory_url,
        "ROGATORY_DIRECTORY_CA": str(etc / "directory-ca.pem"),
        "ROGATORY_CLIENTS": str(etc / "clients.json"),
        **LABORATORY_RATES,
    }


def _exchange(etc: Path, node: Addresses, _directory_url: str) -> dict[str, str]:
    return {
        "ROGATORY_EXCHANGE_LISTEN": node.exchange,
        "ROGATORY_GATEWAY_INTERNAL_URL": node.egress_url,
        "ROGATORY_AUDIT_URL": node.audit_url,
        "ROGATORY_LOG_ORIGIN": node.log_origin,
        "ROGATORY_OFFICERS": str(etc / "officers.json"),
        "ROGATORY_BAG_SEAL_CERT": str(etc / "bag-seal.pem"),
        "ROGATORY_BAG_SEAL_CA": str(etc / "bag-seal-ca.pem"),
    }


def _audit(_etc: Path, node: Addresses, _directory_url: str) -> dict[str, str]:
    return {
        "ROGATORY_AUDIT_LISTEN": node.audit,
        "ROGATORY_GATEWAY_INTERNAL_URL": node.egress_url,
        "ROGATORY_LOG_ORIGIN": node.log_origin,
    }


def _loopback_node(country: str, ports: Iterator[int]) -> Addresses:
    gateway, egress, exchange, audit = (f"127.0.0.1:{next(ports)}" for _ in range(4))
    return Addresses(
        country=country,
        url=f"https://{gateway}",
        host="127.0.0.1",
        gateway=gateway,
        egress=egress,
        exchange=exchange,
        audit=audit,
        egress_url=f"http://{egress}",
        exchange_url=f"http://{exchange}",
        audit_url=f"http://{audit}",
    )


def _container_node(country: str, public: int) -> Addresses:
    name = country.lower()
    inside = f"{name}-gateway-inside:8001"  # on its own network alone: its gateway stands on two
    return Addresses(
        country=country,
        url=f"https://{name}.localhost:{public}",
        host=f"{name}.localhost",
        gateway=f"unix:{SOCKET}",
        egress=inside,
        exchange=f"{ANYWHERE}:8002",
        audit=f"{ANYWHERE}:8003",
        egress_url=f"http://{inside}",
        exchange_url=f"http://{name}-exchange:8002",
        audit_url=f"http://{name}-audit:8003",
    )
