"""The keys that signed this log, one set after the other, and the logs that it continues."""

import sqlalchemy as sa
from alembic import op

from services.audit.migrations.triggers import append_only
from shared.runtime.database import UtcDateTime

revision = "0006"
down_revision = "0005"

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "key_set",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("vkeys", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text),
        sa.Column("noted_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "closed_log",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.Text, nullable=False, unique=True),
        sa.Column("size", Counter, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("vkeys", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=False),
    )
    append_only("key_set", "closed_log")
