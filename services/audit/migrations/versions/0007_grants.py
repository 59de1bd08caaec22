"""Grants: what the service's own role may do on PostgreSQL."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
