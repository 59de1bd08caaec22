"""What the exchange is told (environment `ROGATORY_<NAME>`), besides what every service is."""

from pathlib import Path

from shared.runtime.settings import NodeSettings


class ExchangeSettings(NodeSettings):
    """Addresses, registries and certificates; the private keys are in the keystore."""

    exchange_listen: str  # host:port, reachable by the gateway alone
    gateway_internal_url: str  # the only way out
    audit_url: str
    log_origin: str  # C2SP origin of the country's own log
    officers: Path  # JSON: [{kid, officer, jwk, acts}], the officers who may approve
    bag_seal_cert: Path  # PEM chain of the authority's seal certificate, leaf first
    bag_seal_ca: Path  # PEM of the authority that issued it
