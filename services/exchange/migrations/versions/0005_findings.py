"""What people in a role found, for gates that need a human."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    pass
