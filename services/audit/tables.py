"""Every table of the log.

Whatever a checkpoint covers has triggers that refuse change and removal (migrations/versions). They
are a guard rail: the proof is in the checkpoints that peers and overseers keep.

A tree node's `position` is its in-order number: leaf n stands at 2n, and a node of level l at
n * 2**(l + 1) + 2**l - 1. Only complete subtrees are stored: about two rows for each entry.
"""

import sqlalchemy as sa

from shared.runtime.database import UtcDateTime

metadata = sa.MetaData()

# SQLite numbers rows by INTEGER keys only; PostgreSQL needs 64 bits.
Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")

log_head = sa.Table(
    "log_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),  # grows with each new sequencer: the fence
    sa.Column("last_time", UtcDateTime, nullable=False),
)

log_entry = sa.Table(
    "log_entry",
    metadata,
    sa.Column("idx", Counter, primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # the leaf, exactly as hashed
    # What follows is taken from the body, for queries.
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("seq_time", UtcDateTime, nullable=False),
    sa.Column("peer", sa.Text),
    sa.Column("peer_seq", sa.BigInteger),
    sa.Column("case_ref", sa.Text),
    sa.Column("case_seq", sa.BigInteger),
    sa.Index("log_entry_time", "seq_time"),
    sa.Index("log_entry_case", "case_ref", "idx"),
    sa.Index("log_entry_peer", "peer", "idx"),
)

tree_node = sa.Table(
    "tree_node",
    metadata,
    sa.Column("position", Counter, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("size", Counter, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

counterpart = sa.Table(
    "counterpart",
    metadata,
    sa.Column("idx", Counter, primary_key=True, autoincrement=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("tag", sa.LargeBinary, nullable=False),  # keyed digest of the event
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("payload", sa.LargeBinary),  # the sealed event, until it is sequenced
    sa.Column("idx", sa.BigInteger),
    sa.Index(
        "inbox_waiting",
        "received_at",
        "event_id",
        sqlite_where=sa.text("idx IS NULL"),
        postgresql_where=sa.text("idx IS NULL"),
    ),
)

# The two that may be erased; their removal changes no hash and no proof.
case_key = sa.Table(
    "case_key",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),  # a case's pseudonym, or an event id
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)

opening = sa.Table(
    "opening",
    metadata,
    sa.Column("idx", Counter, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("opening_owner", "owner"),
)

stamp = sa.Table(
    "stamp",
    metadata,
    sa.Column("size", Counter, primary_key=True, autoincrement=False),
    sa.Column("authority", sa.Text, primary_key=True),
    sa.Column("note", sa.Text, nullable=False),  # as it was when it was stamped
    sa.Column("token", sa.LargeBinary, nullable=False),  # RFC 3161, DER
    sa.Column("time", UtcDateTime, nullable=False),  # that the token states
    sa.Column("created_at", UtcDateTime, nullable=False),
)
