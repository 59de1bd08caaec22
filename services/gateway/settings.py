"""What the gateway is told (environment `ROGATORY_<NAME>`), besides what every service is."""

from pathlib import Path

from pydantic import PositiveInt

from shared.runtime.settings import NodeSettings


class GatewaySettings(NodeSettings):
    """Addresses, certificates and the registry of clients; the private keys are in the keystore."""

    gateway_listen: str  # host:port of the public listener, TLS; or unix:/path, behind our proxy
    gateway_internal_listen: str  # host:port that exchange and audit reach
    gateway_url: str  # the issuer: https://host[:port], as in the directory, no slash at the end
    tls_cert: Path | None = None  # PEM chain, leaf first; behind a proxy it is the proxy's
    tls_key: Path | None = None  # PEM
    exchange_url: str
    audit_url: str
    directory_url: str
    directory_ca: Path  # PEM; the only anchor for the directory
    clients: Path  # JSON: {"clients": [{client_id, role, scopes, keys}]}; read while there are none
    officer_required: str = "preparer,approver,receiver"  # roles whose calls name their officer
    external_issuers: Path | None = None  # JSON: {"issuers": [{issuer, audience, jwks, roles}]}
    witness_anchors: Path | None = None  # PEM; for witnesses outside the federation, by https
    time_authorities: Path | None = None  # JSON: {"authorities": [{name, url, anchors, …}]}
    # How many in any 60 seconds, of each worker of the gateway.
    rate_tokens: PositiveInt = 30  # tokens that one client gets and takes back
    rate_failures: PositiveInt = 10  # failed proofs of identity from one address
    rate_calls: PositiveInt = 600  # calls of one client
    rate_content: PositiveInt = 12_000  # calls of one client about items and segments
    rate_peer: PositiveInt = 12_000  # calls of one peer
    rate_open: PositiveInt = 60  # calls from one address to addresses that take no token
    rate_log: PositiveInt = 1_200  # calls from one address to the public log and the witness
