"""Our witness of other countries' logs: what it cosigned, and the evidence it keeps."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing yet."""
