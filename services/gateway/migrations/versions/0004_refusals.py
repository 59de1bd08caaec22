"""Refused calls are counted by window, not by minute."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What was counted by minute and not yet told becomes part of nothing: no release has such rows."""
    op.drop_table("tally")
    op.create_table(
        "refusal_window",
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("opened", sa.BigInteger(), nullable=False, index=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("noisy", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), primary_key=True),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
