import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "seen",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("expires", sa.BigInteger(), nullable=False, index=True),
    )
    op.create_table(
        "revoked",
        sa.Column("jti", sa.String(), primary_key=True),
        sa.Column("expires", sa.BigInteger(), nullable=False, index=True),
    )
    op.create_table(
        "denial",
        sa.Column("position", counter, primary_key=True, autoincrement=True),
        sa.Column("event", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), primary_key=True),
        sa.Column("minute", sa.BigInteger(), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
