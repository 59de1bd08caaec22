"""Keys that sign access tokens, and the secrets of nonces."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "ring_key",
        sa.Column("purpose", sa.String(), primary_key=True),
        sa.Column("begins", sa.BigInteger(), primary_key=True),
        sa.Column("kid", sa.String(), nullable=False, unique=True),
        sa.Column("announced", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
