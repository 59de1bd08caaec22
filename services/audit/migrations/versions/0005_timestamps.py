"""Time stamps of checkpoints."""

import sqlalchemy as sa
from alembic import op

from services.audit.migrations.triggers import append_only
from shared.runtime.database import UtcDateTime

revision = "0005"
down_revision = "0004"

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "stamp",
        sa.Column("size", Counter, primary_key=True, autoincrement=False),
        sa.Column("authority", sa.Text, primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    append_only("stamp")
