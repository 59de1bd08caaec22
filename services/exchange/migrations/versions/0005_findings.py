"""Findings."""

import sqlalchemy as sa
from alembic import op

from services.exchange.tables import Counter
from shared.runtime.database import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("position", Counter, primary_key=True, autoincrement=True),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_finding_object_id", "finding", ["object_id"])
