"""Answers to writes that may be repeated."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing yet."""
