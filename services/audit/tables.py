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

cosignature = sa.Table(
    "cosignature",
    metadata,
    sa.Column("size", Counter, primary_key=True, autoincrement=False),
    sa.Column("signer", sa.Text, primary_key=True),  # <name>+<key id>, as its verifier key begins
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),  # seconds since 1970, by the witness
    sa.Index("cosignature_signer", "signer", "size"),
)

published = sa.Table(
    "published",
    metadata,
    sa.Column("size", Counter, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),  # with the cosignatures that made up the quorum
    sa.Column("created_at", UtcDateTime, nullable=False),
)

# Every policy that this log has been under; the newest is in force.
policy = sa.Table(
    "policy",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("unwitnessed_limit", sa.BigInteger, nullable=False),  # seconds
    sa.Column("event_id", sa.Text, nullable=False),  # its entry in the log
    sa.Column("noted_at", UtcDateTime, nullable=False),
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

# Our witness of other countries' logs (`cosigning`). A head's row is its log's lock.
witness_head = sa.Table(
    "witness_head",
    metadata,
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, nullable=False, unique=True),  # where it is shown
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text),  # cosigned last, with our lines; null before the first
)

witness_note = sa.Table(
    "witness_note",
    metadata,
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, primary_key=True),
    sa.Column("note", sa.Text, nullable=False),  # with the log's own lines
    sa.Column("reason", sa.Text),  # why it was refused when it first came
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Index(
        "witness_refused",
        "origin",
        "reason",
        sqlite_where=sa.text("reason IS NOT NULL"),
        postgresql_where=sa.text("reason IS NOT NULL"),
    ),
)

witness_cosignature = sa.Table(
    "witness_cosignature",
    metadata,
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, primary_key=True),
    sa.Column("lines", sa.Text, nullable=False),  # ours, when we first cosigned this size
    sa.Column("cosigned_at", UtcDateTime, nullable=False),
    sa.Index("witness_one_root", "origin", "size", unique=True),
)

witness_evidence = sa.Table(
    "witness_evidence",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # accusations.evidence_name
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("evidence", sa.LargeBinary, nullable=False),  # the file (misbehaviour.md)
    sa.Column("found_at", UtcDateTime, nullable=False),
)

# Every key that a log was trusted by: what it signed once convicts it under a later key, too.
witness_key = sa.Table(
    "witness_key",
    metadata,
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("vkey", sa.Text, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
)

# The index (spec/indexes.md). All but the roots that were logged may be made anew from the entries.
index_head = sa.Table(
    "index_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("size", sa.BigInteger, nullable=False),  # entries that are in the index
    sa.Column("root", sa.LargeBinary, nullable=False),
)

index_list = sa.Table(
    "index_list",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),  # how many entries the key has
    sa.Column("peaks", sa.LargeBinary, nullable=False),  # the right edge of the list's own tree
    sqlite_with_rowid=False,
)

index_node = sa.Table(
    "index_node",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.Column("born", sa.BigInteger, nullable=False),  # the first size whose trie has it
    sa.Column("gone", sa.BigInteger),  # the first size after it whose trie has it no more
    sa.Index(
        "index_node_gone",
        "gone",
        sqlite_where=sa.text("gone IS NOT NULL"),
        postgresql_where=sa.text("gone IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

# The roots that were logged, each in the transaction that put its event into the inbox.
index_root = sa.Table(
    "index_root",
    metadata,
    sa.Column("size", Counter, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

# Which keys sign, whenever that changed; the first set is the one that the log began with.
key_set = sa.Table(
    "key_set",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("vkeys", sa.Text, nullable=False),  # one a line
    sa.Column("event_id", sa.Text),  # of the entry that tells of it
    sa.Column("noted_at", UtcDateTime, nullable=False),
)

# How inspections of the log went (inspecting.py).
inspection = sa.Table(
    "inspection",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("checked", sa.BigInteger, nullable=False),  # entries
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("bad", sa.BigInteger),  # the first entry that does not fit
    sa.Column("detail", sa.Text),
)

# The logs that this one continues, the oldest first: where each of them ended.
closed_log = sa.Table(
    "closed_log",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("origin", sa.Text, nullable=False, unique=True),
    sa.Column("size", Counter, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),  # its last checkpoint, as published
    sa.Column("vkeys", sa.Text, nullable=False),  # one a line: all that ever signed it
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("closed_at", UtcDateTime, nullable=False),
)
