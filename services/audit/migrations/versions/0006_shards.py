"""Shards: how this log began, and how it ended."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
