"""Each measure has a state of its own in the common lifecycle; requests can be searched."""

import sqlalchemy as sa
from alembic import op

from shared.runtime.database import UtcDateTime

revision = "0004"
down_revision = "0003"

# What `REQUESTED` and `ACCEPTED` meant: that a measure stood where its request did.
_MEASURE = """
UPDATE measure SET state = CASE
  WHEN state = 'REFUSED' THEN 'S12'
  ELSE (SELECT CASE request.state WHEN 'S11' THEN 'S10' ELSE request.state END
        FROM request WHERE request.id = measure.request_id) END
"""


def upgrade() -> None:
    op.add_column("request", sa.Column("turn", sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("kind", "urgency", "instrument", "disagreement"):
        op.add_column("request", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("measure", sa.Column("consulted_at", UtcDateTime, nullable=True))
    op.execute(_MEASURE)
    op.create_index("request_by_state", "request", ["state", "id"])
    op.create_index("request_by_peer", "request", ["peer", "id"])
    op.create_index("request_by_reference", "request", ["own_reference"])
    op.create_index("request_by_kind", "request", ["kind", "id"])
    op.create_index("request_by_urgency", "request", ["urgency", "id"])
