"""Requests, packages and their contents; channels, entries, events; logs of peers."""

from alembic import op

from services.exchange.tables import Base

revision = "0001"
down_revision = None


def upgrade() -> None:
    Base.metadata.create_all(op.get_bind())
