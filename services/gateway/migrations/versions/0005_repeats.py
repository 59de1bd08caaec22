"""Proposals about clients may be sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("client_proposal", sa.Column("repeat", sa.LargeBinary(), nullable=True))
    op.add_column("client_proposal", sa.Column("asked", sa.LargeBinary(), nullable=True))
    op.create_index("ix_client_proposal_repeat", "client_proposal", ["repeat"], unique=True)
