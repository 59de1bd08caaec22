"""Challenges, emergencies, preservation, notices to the person concerned."""

import sqlalchemy as sa
from alembic import op

from shared.runtime.database import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _challenges()
    _urgent()
    op.create_table(
        "subject_notice",
        sa.Column("request_id", sa.Text(), sa.ForeignKey("request.id"), primary_key=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("remedies", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )


def _challenges() -> None:
    op.create_table(
        "challenge",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("request_id", sa.Text(), sa.ForeignKey("request.id"), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("suspends", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("court", sa.Text(), nullable=False),
        sa.Column("file_number", sa.Text(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("packages", sa.JSON(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("lodged_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_challenge_request_id", "challenge", ["request_id"])
    op.create_table(
        "appeal_waiver",
        sa.Column("request_id", sa.Text(), sa.ForeignKey("request.id"), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
    )


def _urgent() -> None:
    op.create_table(
        "emergency",
        sa.Column("request_id", sa.Text(), sa.ForeignKey("request.id"), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("unvalidated", sa.Boolean(), nullable=False),
        sa.Column("validated_at", UtcDateTime(), nullable=True),
        sa.Column("called_at", UtcDateTime(), nullable=True),
        sa.Column("called_by", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "preservation",
        sa.Column("request_id", sa.Text(), sa.ForeignKey("request.id"), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("extensions", sa.BigInteger(), nullable=False),
        sa.Column("linked", sa.Text(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
