"""Requests, packages and their contents; channels, entries, events; logs of peers."""

import sqlalchemy as sa
from alembic import op

from shared.runtime.database import UtcDateTime

revision = "0001"
down_revision = None

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _request()
    _measure()
    _history()
    _approval()
    _package()
    _item()
    _segment()
    _channel()
    _entry()
    _event()
    _peer_log()
    _delivered_log()
    _contradiction()


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("direction", sa.String(20), nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("own_reference", sa.Text, nullable=False),
        sa.Column("entry_channel", sa.Text),
        sa.Column("entry_epoch", sa.BigInteger),
        sa.Column("entry_seq", sa.BigInteger),
        sa.Column("entry_hash", sa.Text),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )


def _measure() -> None:
    op.create_table(
        "measure",
        sa.Column("request_id", sa.Text, sa.ForeignKey("request.id"), primary_key=True),
        sa.Column("measure_id", sa.Text, primary_key=True),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
    )


def _history() -> None:
    op.create_table(
        "history",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_index("ix_history_object_id", "history", ["object_id"])


def _approval() -> None:
    op.create_table(
        "approval",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("kid", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("jws", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("object_id", "act", "version"),
    )


def _package() -> None:
    op.create_table(
        "package",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("direction", sa.String(20), nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("segment_size", sa.BigInteger, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("sealed_title", sa.LargeBinary),
        sa.Column("case_blob", sa.Text),
        sa.Column("measures", sa.JSON, nullable=False),
        sa.Column("index_sha384", sa.Text),
        sa.Column("index_blob", sa.Text),
        sa.Column("segments", sa.BigInteger, nullable=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("tagmanifest_sha256", sa.Text),
        sa.Column("entry_channel", sa.Text),
        sa.Column("entry_epoch", sa.BigInteger),
        sa.Column("entry_seq", sa.BigInteger),
        sa.Column("entry_hash", sa.Text),
        sa.Column("progress_phase", sa.Text),
        sa.Column("progress_done", sa.BigInteger),
        sa.Column("progress_total", sa.BigInteger),
        sa.Column("error", sa.JSON),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("expires", UtcDateTime),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_package_request_id", "package", ["request_id"])
    op.create_index("ix_package_state", "package", ["state"])


def _item() -> None:
    op.create_table(
        "item",
        sa.Column("package_id", sa.Text, sa.ForeignKey("package.id"), primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("sealed_declaration", sa.LargeBinary, nullable=False),
        sa.Column("declaration_mac", sa.LargeBinary, nullable=False),
        sa.Column("name_mac", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("segments", sa.BigInteger, nullable=False),
        sa.Column("checked", sa.Boolean, nullable=False),
        sa.UniqueConstraint("package_id", "name_mac"),
    )


def _segment() -> None:
    op.create_table(
        "segment",
        sa.Column("package_id", sa.Text, sa.ForeignKey("package.id"), primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mac", sa.LargeBinary),
        sa.Column("stored", sa.Boolean, nullable=False),
    )


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("direction", sa.String(20), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("head_seq", sa.BigInteger, nullable=False),
        sa.Column("head_hash", sa.Text, nullable=False),
        sa.Column("frozen", sa.Text),
    )


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("epoch", sa.BigInteger, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("direction", sa.String(20), nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("transfer_id", sa.Text),
        sa.Column("about_hash", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("jws", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary),
        sa.Column("log_index", sa.BigInteger),
        sa.Column("proof", sa.Text),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("failing_since", UtcDateTime),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("entry_due", "entry", ["direction", "state", "due_at"])
    op.create_index("ix_entry_about_hash", "entry", ["about_hash"])
    op.create_index("ix_entry_request_id", "entry", ["request_id"])
    op.create_index("ix_entry_transfer_id", "entry", ["transfer_id"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("position", Counter, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("entry_hash", sa.Text),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("log_index", sa.BigInteger),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("event_due", "event", ["done", "due_at"])
    op.create_index("ix_event_entry_hash", "event", ["entry_hash"])


def _peer_log() -> None:
    op.create_table(
        "peer_log",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
    )


def _delivered_log() -> None:
    op.create_table(
        "delivered_log",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
    )


def _contradiction() -> None:
    op.create_table(
        "contradiction",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("first", sa.LargeBinary, nullable=False),
        sa.Column("second", sa.LargeBinary, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
