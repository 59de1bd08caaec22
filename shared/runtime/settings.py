"""Settings: read once from the environment into frozen values; a secret is a file.

No default for a key, a trust anchor or a peer: without them a service does not start, and says
everything that is missing at once.
"""

import sys
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

EXIT_CONFIGURATION = 2


class NodeSettings(BaseSettings):
    """What every service of a node is told (environment `ROGATORY_<NAME>`)."""

    model_config = SettingsConfigDict(env_prefix="ROGATORY_", frozen=True, extra="ignore")

    country: str  # ISO 3166-1 alpha-2, upper case
    data: Path  # folder of this service; local disk
    passphrase_file: Path  # opens the keystore
    keystore: Path  # folder of the encrypted keys
    internal_keys: Path  # folder with <service>.pub.jwk of the node's services
    root: Path  # the pinned first root of the trust directory
    database: str | None = None  # SQLAlchemy URL; default SQLite in `data`
    log_level: str = "INFO"

    def database_url(self, service: str) -> str:
        """Return the URL of the service's database: as configured, else SQLite in `data`."""
        return self.database or f"sqlite:///{self.data / service}.sqlite"


Settings = TypeVar("Settings", bound=BaseSettings)


def load(kind: type[Settings]) -> Settings:
    """Read settings from the environment.

    Exits with status 2 after naming every missing or malformed one on standard error.
    """
    try:
        return kind()
    except ValidationError as error:
        for flaw in error.errors(include_input=False, include_url=False):
            name = "ROGATORY_" + "_".join(str(part) for part in flaw["loc"]).upper()
            sys.stderr.write(f"{name}: {flaw['msg']}\n")
        sys.stderr.write("Set these in the service's environment (deploy/OPERATING.md).\n")
        sys.exit(EXIT_CONFIGURATION)


def parse_listen(text: str) -> tuple[str, int]:
    """Split `host:port` (IPv6 hosts in brackets).

    Raises:
        ValueError: no port, or a port that is not a number.
    """
    host, _, port = text.rpartition(":")
    if not host:
        message = f"expected host:port, got {text!r}"
        raise ValueError(message)
    return host.strip("[]"), int(port)
