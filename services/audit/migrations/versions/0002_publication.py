"""Publication: cosignatures of our checkpoints, the notes that are shown, the policies that were in force."""

import sqlalchemy as sa
from alembic import op

from services.audit.migrations.triggers import append_only
from shared.runtime.database import UtcDateTime

revision = "0002"
down_revision = "0001"

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "cosignature",
        sa.Column("size", Counter, primary_key=True, autoincrement=False),
        sa.Column("signer", sa.Text, primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
    )
    op.create_index("cosignature_signer", "cosignature", ["signer", "size"])
    op.create_table(
        "published",
        sa.Column("size", Counter, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "policy",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("unwitnessed_limit", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("noted_at", UtcDateTime, nullable=False),
    )
    append_only("cosignature", "published", "policy")
