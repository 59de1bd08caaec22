"""What the audit service is told."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.settings import NodeSettings


class AuditSettings(NodeSettings):
    """Environment `ROGATORY_<NAME>`, beside what every service of a node is told."""

    audit_listen: str  # host:port, inside the node
    gateway_internal_url: str  # the node's way out: directory, witnesses, time-stamping authorities
    log_origin: str  # the log's name for ever, as its keys and the directory have it
    log_keys: str = "log"  # names in the keystore, with commas: all of these sign
    witness_ms: int = Field(default=200, ge=0, le=60_000)  # the least time between two rounds
    witness_start_s: float = Field(default=5, ge=0)  # a new leader waits so long for witnesses
    witness_alarm_s: int = Field(default=300, ge=1)  # unwitnessed for so long: not ready
    heartbeat_s: int = Field(default=600, ge=1)  # an entry at least so often
    batch_ms: int = Field(default=50, ge=1, le=10_000)  # the least time between two batches
    closed_logs: Path | None = None  # JSON: {"origin": "database URL"} of the logs before this one
    time_authorities: Path | None = None  # the same file as the gateway's
    stamp_s: int = Field(default=3600, ge=1)  # the least time between two stamps of an authority

    index_s: int = Field(default=60, ge=1)  # how long an entry waits for the index

    @property
    def signer_state(self) -> Path:
        """The folder with the last signed checkpoint: on another volume than the database's."""
        return self.data / "signer"

    @property
    def witness_state(self) -> Path:
        """The second memory of our witness, on the signer's volume."""
        return self.signer_state / "witness"


class SchemaSettings(BaseSettings):
    """What `services.audit.schema` is told: the database as its owner reaches it."""

    model_config = SettingsConfigDict(env_prefix="ROGATORY_", frozen=True, extra="ignore")

    database: str  # SQLAlchemy URL of PostgreSQL
    database_role: str  # of the service: it gets rights, and owns nothing
    log_level: str = "INFO"
