"""Publication: cosignatures of our checkpoints, and the notes that are shown."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing yet."""
