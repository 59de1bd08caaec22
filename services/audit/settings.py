"""What the audit service is told."""

from pathlib import Path

from pydantic import Field

from shared.runtime.settings import NodeSettings


class AuditSettings(NodeSettings):
    """Environment `ROGATORY_<NAME>`, beside what every service of a node is told."""

    audit_listen: str  # host:port, inside the node
    gateway_internal_url: str  # the node's way out: directory, witnesses, time-stamping authorities
    log_origin: str  # the log's name for ever, as its keys and the directory have it
    batch_ms: int = Field(default=50, ge=1, le=10_000)  # the least time between two batches
    time_authorities: Path | None = None  # the same file as the gateway's
    stamp_s: int = Field(default=3600, ge=1)  # the least time between two stamps of an authority

    @property
    def signer_state(self) -> Path:
        """The folder with the last signed checkpoint: on another volume than the database's."""
        return self.data / "signer"
