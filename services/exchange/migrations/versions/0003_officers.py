"""Histories keep which officer the national system named."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("history", sa.Column("officer", sa.Text(), nullable=True))
