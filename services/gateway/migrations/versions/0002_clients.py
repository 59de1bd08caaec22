"""The registry of clients."""

import sqlalchemy as sa
from alembic import op

from shared.runtime.database import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tokens_not_before", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "client_key",
        sa.Column("kid", sa.String(), primary_key=True),
        sa.Column("client_id", sa.String(), nullable=False, index=True),
        sa.Column("jwk", sa.LargeBinary(), nullable=False),
        sa.Column("nbf", sa.BigInteger(), nullable=False),
        sa.Column("exp", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "client_proposal",
        sa.Column("proposal_id", sa.String(), primary_key=True),
        sa.Column("client_id", sa.String(), nullable=False, index=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "client_decision",
        sa.Column("proposal_id", sa.String(), primary_key=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
