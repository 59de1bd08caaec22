"""Conditions, use, retention, onward transfer."""

import sqlalchemy as sa
from alembic import op

from services.exchange.tables import Counter
from shared.runtime.database import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _conditions()
    _uses()
    _onward()


def _conditions() -> None:
    op.create_table(
        "condition_set",
        sa.Column("position", Counter, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text(), nullable=False, unique=True),
        sa.Column("request_id", sa.Text(), sa.ForeignKey("request.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_condition_set_request_id", "condition_set", ["request_id"])
    op.create_table(
        "condition",
        sa.Column("set_id", sa.Text(), sa.ForeignKey("condition_set.id"), primary_key=True),
        sa.Column("n", sa.BigInteger(), primary_key=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
    )


def _uses() -> None:
    op.create_table(
        "package_use",
        sa.Column("package_id", sa.Text(), sa.ForeignKey("package.id"), primary_key=True),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("retain_until", sa.Text(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("ordered", sa.Text(), nullable=True),
        sa.Column("ordered_at", UtcDateTime(), nullable=True),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("approval", sa.Text(), nullable=True),
        sa.Column("destroyed_at", UtcDateTime(), nullable=True),
        sa.Column("shredded_at", UtcDateTime(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("countersigned", sa.Text(), nullable=True),
    )
    op.create_index("package_use_retention", "package_use", ["asked_at", "retain_until"])


def _onward() -> None:
    op.create_table(
        "onward",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("package_id", sa.Text(), sa.ForeignKey("package.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
    )
    op.create_index("ix_onward_package_id", "onward", ["package_id"])
