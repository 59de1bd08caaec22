"""What the gateway is told (environment `ROGATORY_<NAME>`), besides what every service is."""

from pathlib import Path

from shared.runtime.settings import NodeSettings


class GatewaySettings(NodeSettings):
    """Addresses, certificates and the registry of clients; the private keys are in the keystore."""

    gateway_listen: str  # host:port of the public listener, TLS
    gateway_internal_listen: str  # host:port that exchange and audit reach
    gateway_url: str  # the issuer: https://host[:port], as in the directory, no slash at the end
    tls_cert: Path  # PEM chain, leaf first
    tls_key: Path  # PEM
    exchange_url: str
    audit_url: str
    directory_url: str
    directory_ca: Path  # PEM; the only anchor for the directory
    clients: Path  # JSON: {"clients": [{client_id, role, scopes, keys}]}
    time_authorities: Path | None = None  # JSON: {"authorities": [{name, url, anchors, …}]}
