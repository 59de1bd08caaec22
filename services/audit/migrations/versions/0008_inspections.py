"""Inspections of the log and what they found."""

import sqlalchemy as sa
from alembic import op

from shared.runtime.database import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "inspection",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("checked", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("bad", sa.BigInteger),
        sa.Column("detail", sa.Text),
    )
