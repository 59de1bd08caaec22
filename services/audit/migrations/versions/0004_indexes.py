"""The verifiable index: lists, trie, and the roots that were logged.

All but the roots is derived from the entries and may be made anew; only what was logged is fixed.
"""

import sqlalchemy as sa
from alembic import op

from services.audit.migrations.triggers import append_only
from shared.runtime.database import UtcDateTime

revision = "0004"
down_revision = "0003"

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")
EMPTY = "5b4ea8860719554dd4bc0b0c8bbc67526e09fe50a62384ee82a38cfdfa8b1771"  # spec/indexes.md, 2


def upgrade() -> None:
    head = op.create_table(
        "index_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "root": bytes.fromhex(EMPTY)}])
    op.create_table(
        "index_list",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_node",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("born", sa.BigInteger, nullable=False),
        sa.Column("gone", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    past = sa.text("gone IS NOT NULL")
    op.create_index(
        "index_node_gone", "index_node", ["gone"], sqlite_where=past, postgresql_where=past
    )
    op.create_table(
        "index_root",
        sa.Column("size", Counter, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    append_only("index_root")
