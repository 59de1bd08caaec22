"""The verifiable index: lists, trie, and the roots that were logged."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
